/** Has the server delete messages: marks them (DELE), says which ones it agreed to, and only then sends QUIT. */
import type { RemovalOutcome } from '../core/ports/source.js';
import { ConnectionLostError, RefusedError } from './errors.js';
import type { NumberedMessage } from './maildrop.js';
import type { Session } from './session.js';

/** The session is over afterwards. `messages`: by UID, as this session numbers them. */
export async function deleteMessages(
  session: Session,
  messages: ReadonlyMap<number, NumberedMessage>,
  uids: readonly number[],
  marked: (uids: readonly number[]) => void,
): Promise<RemovalOutcome> {
  const outcomes = await Promise.all(
    uids.map(async (uid) => {
      const message = messages.get(uid);
      if (message === undefined) return 'refused';
      const answer = session.command('DELE', `DELE ${message.number}\r\n`);
      return answer.then(
        () => 'marked' as const,
        (error) => (error instanceof RefusedError ? 'refused' : 'lost'),
      );
    }),
  );
  const agreed = uids.filter((_, at) => outcomes[at] === 'marked');
  // Without QUIT the server forgets all marks.
  if (outcomes.includes('lost') || agreed.length === 0) return { marked: 0, confirmed: false };
  try {
    marked(agreed);
    await session.command('QUIT', 'QUIT\r\n');
    return { marked: agreed.length, confirmed: true };
  } catch (error) {
    if (error instanceof RefusedError || error instanceof ConnectionLostError)
      return { marked: agreed.length, confirmed: false };
    throw error;
  } finally {
    session.destroy();
  }
}
