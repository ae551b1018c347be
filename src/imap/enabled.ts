/**
 * What is on in a session (RFC 5161). Asked for in one go with the first commands, and not waited for, it costs
 * no round trip: the server answers in order, so what follows is under its effect already.
 */
import type { ImapFlow } from 'imapflow';
import type { Tier } from '../core/ports/source.js';
import { enable } from './wire/commands/session-commands.js';
import { CommandRefusedError } from './wire/errors.js';
import type { WireSession } from './wire/session.js';

export interface Enabled {
  readonly tier: Tier;
  /** Mailbox names travel as UTF-8 (RFC 6855). */
  readonly utf8: boolean;
}

const WANTED = ['CONDSTORE', 'QRESYNC', 'UTF8=ACCEPT'];

/** What imapflow enabled while it signed in; it goes by its own set, which may lack what the server didn't spell out. */
export function enabledBy({ enabled, capabilities }: ImapFlow): Enabled {
  if (enabled.size === 0) for (const name of onWithoutWord(capabilities)) enabled.add(name);
  return enabledOf(enabled);
}

/** What a server with these capabilities will most likely enable. */
export function enabledOf(names: { has(name: string): boolean }): Enabled {
  return {
    tier: names.has('QRESYNC') ? 'qresync' : names.has('CONDSTORE') ? 'condstore' : 'plain',
    utf8: names.has('UTF8=ACCEPT'),
  };
}

/** Throws what ends the session; a server that refuses has nothing on. */
export async function enableAll(
  session: WireSession,
  capabilities: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Enabled> {
  const wanted = WANTED.filter((name) => capabilities.has(name));
  if (!capabilities.has('ENABLE') || wanted.length === 0) return enabledOf(new Set());
  try {
    const { enabled, answered } = await enable(session, wanted, { signal });
    return enabledOf(answered && enabled.size === 0 ? onWithoutWord(capabilities) : enabled);
  } catch (error) {
    if (error instanceof CommandRefusedError) return enabledOf(new Set());
    throw error;
  }
}

/** iCloud answers ENABLE with an empty list; its capabilities count there. */
function onWithoutWord(capabilities: { has(name: string): boolean }): ReadonlySet<string> {
  return new Set(['CONDSTORE', 'QRESYNC'].filter((name) => capabilities.has(name)));
}
