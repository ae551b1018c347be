// IDLE (RFC 2177): news of the selected mailbox goes out as it happens, until the client says DONE.

import { bad } from './command-error.js';
import type { Outcome } from './commands.js';
import type { CommandContext } from './session.js';

export async function idle({ session, args, reply }: CommandContext): Promise<Outcome> {
  args.end();
  reply.line('+ idling');
  let done: Buffer | undefined;
  let finished = false;
  const line = session.reader.readLine().then((read) => {
    done = read;
    finished = true;
  });
  while (!finished) {
    if (session.selected?.brokenBecause !== undefined) return undefined;
    session.selected?.announce(reply, {
      expunges: true,
      condstore: session.condstore,
      qresync: session.qresync,
    });
    const news = new Promise<void>((resolve) => {
      session.onNews = resolve;
    });
    await reply.flush();
    await Promise.race([line, news]);
  }
  session.onNews = undefined;
  if (done === undefined) return null;
  if (done.toString('latin1').toUpperCase() !== 'DONE') throw bad('Expected DONE');
  return undefined;
}
