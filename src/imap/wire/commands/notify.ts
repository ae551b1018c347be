/**
 * NOTIFY (RFC 5465): from its OK on the server tells of new mail, flags and deletions in these mailboxes by
 * STATUS lines, whenever it likes. They come as `onUnsolicited` of the session.
 */
import { type CommandPart, stringArgument } from '../command-text.js';
import type { WireSession } from '../session.js';
import type { CommandOptions } from './arguments.js';

/** `names` are raw. Names that do not exist are accepted by the server and never told of. */
export function notify(
  session: WireSession,
  names: readonly string[],
  options: CommandOptions = {},
): Promise<void> {
  const parts: CommandPart[] = ['NOTIFY SET (mailboxes ('];
  for (const name of names) parts.push(parts.length === 1 ? '' : ' ', stringArgument(name));
  parts.push(') (MessageNew MessageExpunge FlagChange))');
  return session.execute({ name: 'NOTIFY', parts, receiver: {}, complete: () => undefined }, options);
}
