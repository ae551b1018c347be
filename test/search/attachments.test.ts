// The attachments of real messages and of the messages within them, held against those that Python's email package
// finds in the same files: by content, of messages by type. Every difference has its reason here.

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AttachmentFacts } from '../../src/core/message/message-facts.js';
import { messageFacts } from '../../src/mime/facts.js';
import { readParts } from '../../src/mime/parts.js';

const CORPUS = process.env.MAILKEEP_CORPUS ?? resolve(import.meta.dirname, '../../../shared/corpus');
const SCRIPT = join(import.meta.dirname, 'python_attachments.py');

interface PythonPart {
  readonly name: string | null;
  readonly type: string;
  readonly sha256: string | null;
}
type PythonAnswer = Record<string, { multipart: boolean; parts: PythonPart[]; error?: string }>;

/** In a multipart/digest a part without a type is a message; mailparser takes it for text. */
const DIGEST = ['cpython/msg_34', 'rfc__004', 'thirdparty__007'];

/** Lines end in CR alone: parts are listed, but can only be had with the whole message. */
const BARE_CR = ['maildir__mac__'];

/** Header or boundary is damaged, and the two parsers see different parts in it. */
const DAMAGED = [
  'unreferenced_related_inline_image',
  'malformed_content_disposition',
  'multipart-complex2',
  'cpython/msg_15',
  'malformed__02[01]',
  'rfc__007',
  'multi-frag',
  'content-length.mbox.txt.m0008',
];

const OTHER = [
  // A message in application/octet-stream counts as one by its name.
  'eml_wrong_mime_type',
  // uuencoded or undeclared octets that Python decodes and mailparser leaves alone.
  'emails__m3007',
  // The last boundary is missing: whose is the line end before it?
  'lhost-sendmail-08',
  // Blanks at the end of quoted-printable lines, which RFC 2045 (6.7) has readers drop.
  'nice__mime1',
];

const EXPLAINED = new RegExp([...DIGEST, ...BARE_CR, ...DAMAGED, ...OTHER].join('|'));

function whyNot(): string | null {
  if (!existsSync(join(CORPUS, 'MANIFEST.tsv'))) {
    return `there is no corpus at ${CORPUS} (MAILKEEP_CORPUS names another folder)`;
  }
  return spawnSync('python3', ['--version']).status === 0 ? null : 'there is no python3';
}

describe('attachments of real messages', () => {
  const reason = whyNot();
  if (reason !== null) {
    console.warn(`SKIPPED "attachments of real messages": ${reason}`);
    test.skip(reason, () => {});
    return;
  }

  test('are those that Python finds, in at least 95 % of the multipart messages', async () => {
    const files = readdirSync(CORPUS, { recursive: true, withFileTypes: true })
      .filter(
        (entry) => entry.isFile() && entry.parentPath !== CORPUS && !entry.parentPath.endsWith('LICENSES'),
      )
      .map((entry) => join(entry.parentPath, entry.name));
    const input = files.join('\n');
    const answer = JSON.parse(
      execFileSync('python3', [SCRIPT], { input, maxBuffer: 1e9 }).toString(),
    ) as PythonAnswer;
    const different: string[] = [];
    let multipart = 0;
    for (const file of files) {
      const python = answer[file]!;
      expect(python.error).toBeUndefined();
      if (!python.multipart) continue;
      multipart += 1;
      if (!(await isSame(readFileSync(file), python.parts))) different.push(relative(CORPUS, file));
    }
    expect(multipart).toBeGreaterThan(500);
    expect(different.filter((file) => !EXPLAINED.test(file))).toEqual([]);
    expect(1 - different.length / multipart).toBeGreaterThanOrEqual(0.95);
  }, 300_000);
});

async function isSame(message: Buffer, parts: readonly PythonPart[]): Promise<boolean> {
  const { attachments } = await messageFacts(message);
  const hashes = await hashesOf(message);
  const left = [...parts];
  const take = (matches: (part: PythonPart) => boolean) => {
    const at = left.findIndex(matches);
    if (at !== -1) left.splice(at, 1);
    return at !== -1;
  };
  return attachments.every((one) => isTaken(one, hashes.get(one.part), take)) && left.length === 0;
}

function isTaken(
  { contentType }: AttachmentFacts,
  hash: string | undefined,
  take: (matches: (part: PythonPart) => boolean) => boolean,
): boolean {
  if (contentType.startsWith('message/')) return take(({ type }) => type === contentType);
  return hash !== undefined && take(({ sha256 }) => sha256 === hash);
}

async function hashesOf(message: Buffer): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  const whole = async function* () {
    yield message;
  };
  await readParts(whole, (part) => {
    const hash = createHash('sha256');
    return {
      write: (chunk) => {
        hash.update(chunk);
      },
      end: () => {
        hashes.set(part, hash.digest('hex'));
      },
    };
  });
  return hashes;
}
