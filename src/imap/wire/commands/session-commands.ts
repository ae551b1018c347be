/**
 * The commands about the session itself rather than about messages: ENABLE, CAPABILITY, ID, NOOP, UNSELECT,
 * LOGOUT.
 */
import { CLOSE, OPEN } from '../bytes.js';
import { atomArgument, type CommandPart, stringArgument } from '../command-text.js';
import type { WireSession } from '../session.js';
import type { CommandReceiver } from '../wire-command.js';
import type { CommandOptions } from './arguments.js';

export interface EnableResult {
  /** What `* ENABLED` listed, in upper case. */
  readonly enabled: ReadonlySet<string>;
  /** True where an ENABLED line came. iCloud sends it empty although CONDSTORE and QRESYNC are then on. */
  readonly answered: boolean;
}

export function enable(
  session: WireSession,
  capabilities: readonly string[],
  options: CommandOptions = {},
): Promise<EnableResult> {
  const enabled = new Set<string>();
  let answered = false;
  return session.execute(
    {
      name: 'ENABLE',
      parts: [`ENABLE ${capabilities.map(atomArgument).join(' ')}`],
      exclusive: 'ENABLED',
      receiver: {
        claimsUntagged: (name) => (name === 'ENABLED' ? 'answer' : null),
        untagged(name, _number, cursor) {
          if (name !== 'ENABLED') return;
          answered = true;
          while (!cursor.done) enabled.add(cursor.atom().toUpperCase());
        },
      },
      complete: () => ({ enabled, answered }),
    },
    options,
  );
}

/** The capabilities in upper case. */
export function capability(session: WireSession, options: CommandOptions = {}): Promise<ReadonlySet<string>> {
  const capabilities = new Set<string>();
  return session.execute(
    {
      name: 'CAPABILITY',
      parts: ['CAPABILITY'],
      exclusive: 'CAPABILITY',
      receiver: {
        claimsUntagged: (name) => (name === 'CAPABILITY' ? 'answer' : null),
        untagged(name, _number, cursor) {
          if (name !== 'CAPABILITY') return;
          while (!cursor.done) capabilities.add(cursor.atom().toUpperCase());
        },
      },
      complete: () => capabilities,
    },
    options,
  );
}

/** RFC 2971. Raw strings both ways; empty where the server says NIL. NetEase wants it after sign-in. */
export function id(
  session: WireSession,
  fields: Readonly<Record<string, string>>,
  options: CommandOptions = {},
): Promise<ReadonlyMap<string, string | null>> {
  const answer = new Map<string, string | null>();
  const parts: CommandPart[] = ['ID ('];
  for (const [field, value] of Object.entries(fields)) {
    parts.push(parts.length === 1 ? '' : ' ', stringArgument(field), ' ', stringArgument(value));
  }
  parts.push(')');
  return session.execute(
    {
      name: 'ID',
      parts: parts.length === 2 ? ['ID NIL'] : parts,
      exclusive: 'ID',
      receiver: {
        claimsUntagged: (name) => (name === 'ID' ? 'answer' : null),
        untagged(name, _number, cursor) {
          if (name !== 'ID' || !cursor.take(OPEN)) return;
          while (!cursor.take(CLOSE)) answer.set(cursor.string().toLowerCase(), cursor.nullableString());
        },
      },
      complete: () => answer,
    },
    options,
  );
}

export function noop(session: WireSession, options: CommandOptions = {}): Promise<void> {
  return session.execute(
    { name: 'NOOP', parts: ['NOOP'], receiver: NOTHING, complete: () => undefined },
    options,
  );
}

/** RFC 3691: leaves the mailbox without expunging. */
export function unselect(session: WireSession, options: CommandOptions = {}): Promise<void> {
  return session.execute(
    {
      name: 'UNSELECT',
      parts: ['UNSELECT'],
      mailbox: 'leaves',
      receiver: NOTHING,
      complete: () => undefined,
    },
    options,
  );
}

/** Ends the session politely; resolves also where the server just hangs up. */
export function logout(session: WireSession, options: CommandOptions = {}): Promise<void> {
  return session.execute(
    { name: 'LOGOUT', parts: ['LOGOUT'], endsSession: true, receiver: NOTHING, complete: () => undefined },
    options,
  );
}

const NOTHING: CommandReceiver = {};
