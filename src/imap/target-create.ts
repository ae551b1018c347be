/**
 * CREATE on a server that gets mail: with its special use where it takes one, with its parents where it wants them
 * made first, subscribed in the end. A mailbox that is there already is fine.
 */
import { status } from './wire/commands/list.js';
import { create, subscribe } from './wire/commands/mailbox-commands.js';
import { CommandRefusedError } from './wire/errors.js';
import type { WireSession } from './wire/session.js';
import { unlessRefused } from './wire-refusal.js';

export interface CreateContext {
  readonly session: WireSession;
  readonly signal: AbortSignal;
  readonly delimiter: string | null;
}

/** `specialUse` null: without one. Throws CommandRefusedError. */
export async function createSubscribed(
  wireName: string,
  specialUse: string | null,
  context: CreateContext,
): Promise<void> {
  const { session, signal } = context;
  await createWithUse(wireName, specialUse, context);
  // A server that keeps no subscriptions is no reason to keep the mail back.
  await subscribe(session, wireName, { signal }).catch(unlessRefused);
}

async function createWithUse(
  wireName: string,
  specialUse: string | null,
  context: CreateContext,
): Promise<void> {
  const { session, signal, delimiter } = context;
  try {
    await create(session, wireName, { signal, ...(specialUse === null ? {} : { specialUse }) });
  } catch (error) {
    if (!(error instanceof CommandRefusedError)) throw error;
    if (error.code === 'ALREADYEXISTS') return;
    // RFC 6154 section 3: the use may be taken, or not be for sale.
    if (specialUse !== null) return createWithUse(wireName, null, context);
    // Older servers say in words only that it exists.
    const there = await status(session, wireName, ['MESSAGES'], { signal }).catch(() => null);
    if (there !== null) return;
    const parents = delimiter === null ? [] : parentsOf(wireName, delimiter);
    if (parents.length === 0) throw error;
    // RFC 9051 section 6.3.4 only says that a server should make them by itself.
    for (const parent of parents) await create(session, parent, { signal }).catch(unlessRefused);
    await create(session, wireName, { signal });
  }
}

/** Outermost first. */
function parentsOf(wireName: string, delimiter: string): string[] {
  const levels = wireName.split(delimiter);
  return levels.slice(1).map((_, at) => levels.slice(0, at + 1).join(delimiter));
}
