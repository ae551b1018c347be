/**
 * `npm run demo`: backs up a sample account from a throw-away IMAP server in this process, follows its
 * changes, loses a mailbox and restores it. Exits 1 if any of it does not come out as it should.
 */
import { Rehearsal } from './rehearsal.js';
import { Stage } from './stage.js';
import { playAll } from './steps.js';

const controller = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());

const stage = new Stage(process.stdout, process.env);
const rehearsal = await Rehearsal.open(stage, controller.signal);
try {
  await playAll(rehearsal);
} catch (error) {
  process.exitCode = controller.signal.aborted ? 130 : 1;
  const why = controller.signal.aborted ? 'stopped' : error instanceof Error ? error.message : String(error);
  stage.prose(`demo: ${why}`);
  stage.prose(`The files so far are in ${rehearsal.folder}`);
} finally {
  await rehearsal.close();
}
