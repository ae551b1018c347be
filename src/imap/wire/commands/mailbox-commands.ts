/**
 * The simple commands on mailboxes: CREATE, SUBSCRIBE, STORE, GETQUOTAROOT.
 */
import { CLOSE, OPEN } from '../bytes.js';
import { atomArgument, type CommandPart, flagListArgument, stringArgument } from '../command-text.js';
import type { WireSession } from '../session.js';
import type { UidSet } from '../uid-set.js';
import type { ValueCursor } from '../value-cursor.js';
import type { CommandReceiver } from '../wire-command.js';
import { type CommandOptions, objectId, uidSetArgument } from './arguments.js';

export interface CreateOptions extends CommandOptions {
  /** RFC 6154 `USE`, e.g. `\Sent`: only with CREATE-SPECIAL-USE. */
  readonly specialUse?: string;
}

/** The new mailbox's MAILBOXID (RFC 8474), null where the server gave none. */
export function create(
  session: WireSession,
  name: string,
  options: CreateOptions = {},
): Promise<string | null> {
  const use = options.specialUse === undefined ? '' : ` (USE (${atomArgument(options.specialUse)}))`;
  return session.execute(
    {
      name: 'CREATE',
      parts: ['CREATE ', stringArgument(name), use],
      receiver: NOTHING,
      complete: (response) => (response.code === 'MAILBOXID' ? objectId(response.codeArguments) : null),
    },
    options,
  );
}

export function subscribe(session: WireSession, name: string, options: CommandOptions = {}): Promise<void> {
  return session.execute(
    {
      name: 'SUBSCRIBE',
      parts: ['SUBSCRIBE ', stringArgument(name)],
      receiver: NOTHING,
      complete: () => undefined,
    },
    options,
  );
}

/** What STORE changes: flags or, on Gmail, labels (raw bytes in latin1). */
export type StoreChange = { readonly flags: readonly string[] } | { readonly gmailLabels: readonly string[] };

/** UID STORE without the untagged echo (`.SILENT`). `how`: replace, add, remove. */
export function store(
  session: WireSession,
  uids: UidSet,
  how: '' | '+' | '-',
  change: StoreChange,
  options: CommandOptions = {},
): Promise<void> {
  return session.execute(
    {
      name: 'UID STORE',
      parts: [`UID STORE ${uidSetArgument(uids)} ${how}`, ...changeArgument(change)],
      mailbox: 'needs',
      receiver: NOTHING,
      complete: () => undefined,
    },
    options,
  );
}

export interface QuotaRoot {
  readonly root: string;
  /** Resource name in upper case; `STORAGE` counts units of 1,024 octets. */
  readonly resources: readonly { readonly name: string; readonly usage: number; readonly limit: number }[];
}

/** RFC 9208. */
export function getQuotaRoot(
  session: WireSession,
  mailbox: string,
  options: CommandOptions = {},
): Promise<readonly QuotaRoot[]> {
  const roots: QuotaRoot[] = [];
  return session.execute(
    {
      name: 'GETQUOTAROOT',
      parts: ['GETQUOTAROOT ', stringArgument(mailbox)],
      exclusive: 'QUOTA',
      receiver: {
        claimsUntagged: (name) => (name === 'QUOTA' ? 'answer' : null),
        untagged(name, _number, cursor) {
          if (name === 'QUOTA') roots.push(readQuota(cursor));
        },
      },
      complete: () => roots,
    },
    options,
  );
}

const NOTHING: CommandReceiver = {};

function changeArgument(change: StoreChange): CommandPart[] {
  if ('flags' in change) return [`FLAGS.SILENT ${flagListArgument(change.flags)}`];
  const parts: CommandPart[] = ['X-GM-LABELS.SILENT ('];
  for (const label of change.gmailLabels) {
    if (parts.length > 1) parts.push(' ');
    // Gmail takes its system labels (\Inbox, \Starred) as atoms only.
    parts.push(label.startsWith('\\') ? atomArgument(label) : stringArgument(label));
  }
  return [...parts, ')'];
}

function readQuota(cursor: ValueCursor): QuotaRoot {
  const root = cursor.string();
  const resources: { name: string; usage: number; limit: number }[] = [];
  // Courier leaves the list out where there is no quota.
  if (cursor.done) return { root, resources };
  cursor.expect(OPEN, 'a list of quota resources');
  while (!cursor.take(CLOSE)) {
    const name = cursor.atom().toUpperCase();
    // RFC 9208: 63 bits.
    resources.push({ name, usage: Number(cursor.bigNumber()), limit: Number(cursor.bigNumber()) });
  }
  return { root, resources };
}
