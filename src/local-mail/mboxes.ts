/**
 * mbox files of other programs, read only: a file, or every file below a folder that begins with a From_
 * line. Quoting is taken as mboxrd; of other kinds, lines of the form `>From ` come out otherwise than on the
 * server, and such a message is downloaded. The date of the From_ line stands for INTERNALDATE.
 */

import { closeSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describeError } from '../core/errors.js';
import { MboxrdDecoder } from '../core/message/mboxrd.js';
import type { LocalEvent, LocalMail, LocalMailbox } from '../core/ports/import.js';
import { chunksOf, openMessage } from './open-message.js';

/** Throws what the file system throws. */
export function openMboxes(root: string, decode: (name: string) => string): LocalMail {
  if (!statSync(root).isDirectory()) {
    const mailbox = { from: '', components: [decode(withoutSuffix(basename(root)))] };
    return { mailboxes: isMbox(root) ? [mailbox] : [], read: () => messagesIn(root, basename(root)) };
  }
  return {
    mailboxes: mboxesBelow(root, '', decode),
    read: ({ from }) => messagesIn(join(root, from), from),
  };
}

function mboxesBelow(root: string, from: string, decode: (name: string) => string): LocalMailbox[] {
  const entries = readdirSync(join(root, from), { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(from, entry.name);
    if (entry.isDirectory()) return mboxesBelow(root, path, decode);
    if (!entry.isFile() || !isMbox(join(root, path))) return [];
    return [{ from: path, components: path.split('/').map((name) => decode(withoutSuffix(name))) }];
  });
}

/** `.sbd` is Thunderbird's name for the folder of sub-mailboxes. */
function withoutSuffix(name: string): string {
  return name.replace(/(?<=.)\.(mbox|sbd)$/, '');
}

const FROM = 'From ';

function isMbox(file: string): boolean {
  const open = openMessage(file);
  if (typeof open === 'string') return false;
  try {
    const start = Buffer.alloc(FROM.length);
    readSync(open.descriptor, start, 0, start.length, 0);
    return start.toString('latin1') === FROM;
  } catch {
    return false;
  } finally {
    closeSync(open.descriptor);
  }
}

async function* messagesIn(path: string, name: string): AsyncGenerator<LocalEvent> {
  const open = openMessage(path);
  if (typeof open === 'string') {
    yield { kind: 'failed', file: name, reason: open };
    return;
  }
  const events: LocalEvent[] = [];
  let messages = 0;
  const decoder = new MboxrdDecoder({
    begin: (from) => {
      messages += 1;
      const receivedAt = dateOf(from) ?? open.modified;
      events.push({ kind: 'begin', file: `${name}, message ${messages}`, receivedAt, flags: '' });
    },
    write: (chunk) => void events.push({ kind: 'octets', octets: Buffer.from(chunk) }),
    end: () => void events.push({ kind: 'end' }),
  });
  try {
    for await (const chunk of chunksOf(open)) {
      decoder.push(chunk);
      yield* events.splice(0);
    }
    decoder.end();
    yield* events.splice(0);
  } catch (error) {
    yield { kind: 'failed', file: name, reason: describeError(error) };
  } finally {
    closeSync(open.descriptor);
  }
}

/** Seconds since 1970 of `From sender Thu Jan  1 00:00:00 1970`, in UTC unless a zone stands there. */
function dateOf(from: string): number | null {
  const match =
    /\b([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d)(?::(\d\d))?(?: [A-Z]{1,5})?(?: ([+-]\d{4}))? (\d{4})(?: ([+-]\d{4}))?\s*$/.exec(
      from,
    );
  if (match === null) return null;
  const [, month, day, hour, minute, second, before, year, after] = match;
  const at = MONTHS.indexOf(month!);
  if (at === -1) return null;
  const zone = Number(before ?? after ?? '0');
  const minutes = Math.trunc(zone / 100) * 60 + (zone % 100);
  return (
    Date.UTC(Number(year), at, Number(day), Number(hour), Number(minute) - minutes, Number(second ?? '0')) /
    1000
  );
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
