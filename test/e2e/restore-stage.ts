// What the restore suites share: an account with everything that makes a restore go wrong, its archive, and a
// comparison of what arrived with what was there, mailbox by mailbox.

import { expect } from 'vitest';
import type { Lines } from '../support/archive.js';
import type { Dovecot } from '../support/dovecot.js';
import { documentOf, Mailkeep, type Run } from '../support/mailkeep.js';
import { type GeneratedMessage, makeMessages } from '../support/messages.js';
import { randomFrom } from '../support/random.js';
import type { RealServer } from '../support/real-server.js';
import type { ServerState, StoredMessage } from '../support/server-state.js';

/** `restore --json`. */
export interface RestoreReport {
  readonly version: number;
  readonly dry_run: boolean;
  readonly to: string;
  readonly planned: number;
  readonly append: number;
  readonly append_bytes: number;
  readonly restored: number;
  readonly present: number;
  readonly failed: number;
  readonly mailboxes: readonly {
    readonly from: string;
    readonly to: string;
    readonly creates: boolean;
    readonly planned: number;
    readonly append: number;
    readonly label: number;
    readonly restored: number;
    readonly present: number;
    readonly failed: number;
    readonly too_big: number;
    readonly damaged: number;
    readonly dropped: readonly string[] | null;
  }[];
  readonly failures: readonly { mailbox: string; uid: number | null; reason: string }[];
  readonly quota: readonly { root: string; name: string; used: number; limit: number }[];
  readonly remarks: readonly string[];
  readonly error: { code: string; message: string; hint: string | null } | null;
}

export interface RestoreRun extends Run {
  readonly report: RestoreReport;
}

/** Runs `restore --json` of the account "personal". */
export async function restore(mailkeep: Mailkeep, ...args: string[]): Promise<RestoreRun> {
  const run = await mailkeep.run('restore', 'personal', '--json', ...args);
  return { ...run, report: documentOf(run) as unknown as RestoreReport };
}

/** An account in the config that mail can go to. */
export function targetAccount(
  name: string,
  server: { readonly port: number; readonly password: string },
  user: string,
  keys: Readonly<Record<string, unknown>> = {},
) {
  const { port, password } = server;
  return { name, host: '127.0.0.1', port, tls: 'none', user, password, ...keys };
}

/** Names that one server or another can't spell, or spells otherwise. */
export const ODD_NAMES = [
  'Entwürfe',
  '日本語/台北',
  'A & B',
  '&-',
  'q"uote',
  'back\\slash',
  ' leading',
  'trailing ',
  'two  spaces',
  'v1.2.3',
  'v1_2_3',
  'v1/2/3',
  'Case',
  'case',
  // No emoji: Courier takes one under UTF8=ACCEPT and then dies of LIST without it.
  'snow ☃',
  '#hash',
  '(paren)',
  '[bracket]',
  '{brace}',
  "apos'trophe",
  'comma,semi;',
  'plus+minus-equal=',
  'at@example.org',
  'dollar$',
  'caf\u00e9',
  'cafe\u0301',
  'deep/er/and/deeper/still',
  'INBOX-like',
  'NIL',
  'x'.repeat(120),
  'Sent',
] as const;

export const KEYWORDS = [
  '$Forwarded',
  '$MDNSent',
  '$Label1',
  '$Label2',
  'Junk',
  'NonJunk',
  'work',
  'todo',
  'Project-X',
  'k.e.y',
];

/** Fills an account: odd names, keywords, real duplicates, messages without Message-ID or that look the same. */
export async function fillOdd(server: Dovecot, user: string, count: number, seed: number): Promise<void> {
  const random = randomFrom(seed);
  const messages = makeMessages({ seed, count, medianBytes: 1500, mostBytes: 100_000 });
  const boxes = ['INBOX', ...ODD_NAMES];
  const share = new Map<string, GeneratedMessage[]>(boxes.map((name) => [name, []]));
  for (const [at, message] of messages.entries()) {
    const box = at % 3 === 0 ? 'INBOX' : boxes[at % boxes.length]!;
    const own = share.get(box)!;
    own.push(at % 5 === 4 ? { ...message, body: withoutMessageId(message.body) } : message);
    if (at % 9 === 0) own.push(own.at(-1)!);
    if (at % 11 === 0) own.push(twinOf(own.at(-1)!));
    if (at % 13 === 0) share.get(random.pick(boxes))!.push(message);
  }
  for (const [name, own] of share) await server.putMessages(user, name, own);
  const client = await server.client(user);
  for (const name of ['INBOX', 'Entwürfe', 'v1.2.3', 'case']) {
    const { exists } = await client.mailboxOpen(name);
    for (const [at, keyword] of KEYWORDS.entries()) {
      const numbers = Array.from({ length: Math.floor(exists / (at + 2)) }, (_, n) => (n + 1) * (at + 1));
      const range = numbers.filter((number) => number <= exists).join(',');
      if (range !== '') await client.messageFlagsAdd(range, [keyword]);
    }
  }
  await client.logout();
}

/** The same header, size and date with other octets in the body. */
function twinOf({ body, ...rest }: GeneratedMessage): GeneratedMessage {
  const twin = Buffer.from(body);
  const last = twin.lastIndexOf('a');
  twin[last === -1 ? twin.length - 3 : last] = 0x7a;
  return { body: twin, ...rest };
}

export function withoutMessageId(body: Buffer): Buffer {
  return Buffer.from(body.toString('latin1').replace(/^Message-ID:.*\r\n/im, ''), 'latin1');
}

/** Each mailbox with its messages as sorted lines; without mailboxes that are empty. */
export function linesByMailbox(state: ServerState, nameOf: (name: string) => string = (name) => name): Lines {
  const lines: Lines = {};
  for (const [name, { messages }] of state) {
    if (messages.size > 0) lines[nameOf(name)] = [...messages.values()].map((one) => line(one)).sort();
  }
  return Object.fromEntries(Object.entries(lines).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function line({ sha256, flags, internalDate }: StoredMessage): string {
  return `${sha256.slice(0, 16)} ${internalDate} ${flags.join(' ')}`;
}

/** An archive of the account `user`, which may go to `others` as well. */
export async function archiveOf(
  server: RealServer,
  user: string,
  others: readonly Readonly<Record<string, unknown>>[],
): Promise<Mailkeep> {
  const mailkeep = await Mailkeep.create({ port: server.port, user, password: server.password, others });
  const { code, report } = await mailkeep.sync('personal');
  expect([code, report.failures]).toEqual([0, []]);
  return mailkeep;
}
