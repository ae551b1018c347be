# Lists what Python's email package takes for the attachments of messages, one JSON document on stdout: for each file
# named on stdin, whether it is multipart, and the name, type, size and SHA-256 of every part that has a file name or is
# neither plain text nor HTML. It judges nothing; the test that runs it does.

import email
import email.policy
import hashlib
import json
import sys


def described(part):
    try:
        content = part.get_payload(decode=True)
    except Exception:
        content = None
    if part.get_content_maintype() == "message":
        content = None
    try:
        name = part.get_filename()
    except Exception:
        name = None
    return {
        "name": name,
        "type": part.get_content_type(),
        "size": None if content is None else len(content),
        "sha256": None if content is None else hashlib.sha256(content).hexdigest(),
    }


TEXT = ("text/plain", "text/html", "message/delivery-status")


def wanted(part):
    if part.get_content_maintype() == "multipart":
        return False
    disposition = str(part.get("content-disposition") or "").strip().lower()
    try:
        named = bool(part.get_filename())
    except Exception:
        named = False
    return named or disposition.startswith("attachment") or part.get_content_type() not in TEXT


def walk(message):
    yield message
    # Of the messages within a message; the headers of other message/ types hold nothing.
    kind = message.get_content_type()
    if message.is_multipart() and (kind.startswith("multipart/") or kind == "message/rfc822"):
        for part in message.get_payload():
            yield from walk(part)


result = {}
for file in sys.stdin.read().split("\n"):
    if not file:
        continue
    with open(file, "rb") as stream:
        message = email.message_from_bytes(stream.read(), policy=email.policy.compat32)
    try:
        parts = [described(part) for part in walk(message) if wanted(part)]
        result[file] = {"multipart": message.get_content_maintype() == "multipart" and message.is_multipart(), "parts": parts}
    except Exception as error:
        result[file] = {"error": str(error)}
json.dump(result, sys.stdout)
