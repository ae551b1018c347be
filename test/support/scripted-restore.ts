// From one scripted server into an archive and on to another: what the restore suites share that need a target with
// faults, or one that is no real server (Gmail).

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type RestoreRun, restore, targetAccount } from '../e2e/restore-stage.js';
import { bodyOf, type NewMessage } from './imap-server/message.js';
import { ImapServer } from './imap-server/server.js';
import type { ServerOptions } from './imap-server/server-context.js';
import { Mailkeep } from './mailkeep.js';

export interface ScriptedStage extends AsyncDisposable {
  /** alice's. */
  readonly source: ImapServer;
  /** bob's; the account "other" in the config. */
  readonly target: ImapServer;
  /** Alice's archive. */
  readonly mailkeep: Mailkeep;
  /** `restore --to other --in-place` */
  readonly toOther: (...args: string[]) => Promise<RestoreRun>;
  /** Removes restore.db, as if another machine had restored before. */
  readonly forgetLedger: () => Promise<void>;
}

/** `fill` puts mail on the source and the target before the archive is made. */
export async function scriptedStage(
  options: { readonly source?: Partial<ServerOptions>; readonly target?: Partial<ServerOptions> },
  fill: (source: ImapServer, target: ImapServer) => void,
): Promise<ScriptedStage> {
  const users = { alice: 'pass', bob: 'pass' };
  const source = await ImapServer.start({ users, ...options.source });
  const target = await ImapServer.start({ users, ...options.target });
  fill(source, target);
  const others = [targetAccount('other', { port: target.port, password: 'pass' }, 'bob')];
  const mailkeep = await Mailkeep.create({ port: source.port, user: 'alice', password: 'pass', others });
  expect((await mailkeep.sync('personal')).code).toBe(0);
  return {
    source,
    target,
    mailkeep,
    toOther: (...args) => restore(mailkeep, '--to', 'other', '--in-place', ...args),
    forgetLedger: async () => {
      for (const end of ['', '-wal', '-shm'])
        await rm(join(mailkeep.root, `restore.db${end}`), { force: true });
    },
    [Symbol.asyncDispose]: async () => {
      await mailkeep.remove();
      await source.close();
      await target.close();
    },
  };
}

/** The same with `messages` in the source's INBOX. */
export function inboxStage(
  messages: readonly NewMessage[],
  target: Partial<ServerOptions> = {},
): Promise<ScriptedStage> {
  return scriptedStage({ target }, (source) => {
    for (const message of messages) source.store('alice').inbox.append(message);
  });
}

/** Number n, of about so many octets. */
export function numberedBody(n: number, octets = 300): Buffer {
  const line = `line of message ${n}\r\n`;
  const text = line.repeat(Math.ceil(octets / line.length));
  return Buffer.from(`Message-ID: <${n}@example.org>\r\nSubject: number ${n}\r\n\r\n${text}`);
}

/** Each a second later than the one before. */
export function numbered(count: number): NewMessage[] {
  return Array.from({ length: count }, (_, n) => ({
    body: numberedBody(n),
    internalDate: { seconds: 1e9 + n, zone: 0 },
  }));
}

/** Of what bob holds, in the order of UIDs. */
export function subjects(target: ImapServer, mailbox = 'INBOX'): string[] {
  const box = target.store('bob').mailbox(mailbox);
  return box.uids.map((uid) => /^Subject: (.*?)\r?$/m.exec(bodyOf(box.get(uid)!).toString())?.[1] ?? '');
}

export function allSubjects(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `number ${n}`);
}
