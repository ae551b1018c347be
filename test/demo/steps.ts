/** The demo, step by step: what is done, what mailkeep says to it, and what that means. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { compare } from './compare.js';
import type { Rehearsal } from './rehearsal.js';
import { LAMP_PROJECT, newLetter } from './sample-account.js';

/** Throws where a command fails or the archive turns out not to be what the server holds. */
export async function playAll(demo: Rehearsal): Promise<void> {
  introduce(demo);
  await firstSync(demo);
  await nothingNew(demo);
  await followChanges(demo);
  await lookAtStatus(demo);
  await loseAndRestore(demo);
  await bringBackDeleted(demo);
  await proveArchive(demo);
  farewell(demo);
}

function introduce({ stage, store, port, folder, configFile, config }: Rehearsal): void {
  const mailboxes = [...store.mailboxes.values()].filter((mailbox) => mailbox.selectable);
  const messages = mailboxes.reduce((sum, mailbox) => sum + mailbox.size, 0);
  stage.title('mailkeep: a demonstration');
  stage.prose(
    `A throw-away mail server now runs inside this process, on 127.0.0.1:${port}. It holds one account with ${messages} messages in ${mailboxes.length} mailboxes. Nothing beyond this machine is reached, and nothing outside ${folder} is written.`,
  );
  stage.prose('The configuration file, readable by you alone:');
  stage.verbatim(config);
  stage.prose('Each command below is really run, with this setting:');
  stage.verbatim([`export MAILKEEP_CONFIG=${configFile}`]);
}

async function firstSync(demo: Rehearsal): Promise<void> {
  const { stage, traffic, archive } = demo;
  stage.step('The first sync copies every message');
  await demo.run('sync');
  stage.prose(
    `The server sent ${traffic.bodyFetches} messages. Each is a file now, with exactly the octets that the server sent, flushed to disk before mailkeep called the run complete. Mailboxes are folders that any Maildir program opens:`,
  );
  stage.verbatim(folderList(join(archive, 'mail'), 'mail'));
}

async function nothingNew(demo: Rehearsal): Promise<void> {
  const { stage, traffic } = demo;
  stage.step('A second sync finds nothing to do');
  await demo.run('sync');
  stage.prose(
    `The server sent ${traffic.bodyFetches} messages, and ${traffic.bytesOut.toLocaleString('en')} octets in all: sign-in and one list of the mailboxes with their counters.`,
  );
}

async function followChanges(demo: Rehearsal): Promise<void> {
  const { stage, store, traffic, archive } = demo;
  stage.step('Only changes travel');
  const [flagged, moved, deleted] = store.inbox.uids;
  store.inbox.append(newLetter());
  store.inbox.setFlags([flagged!], 'add', ['\\Flagged']);
  store.move('INBOX', [moved!], 'Archive/2025');
  store.inbox.expunge([deleted!]);
  stage.prose(
    'Meanwhile on the server: a letter with a picture arrives, one message gets a star, one is moved from INBOX to Archive/2025, one is deleted.',
  );
  await demo.run('sync');
  stage.prose(
    `The server sent ${traffic.bodyFetches} message, the new one. The moved one was recognised: its octets were here already. The deleted one is not in mail/ any more, but it is kept, because what a server no longer shows may still be wanted:`,
  );
  stage.verbatim(folderList(join(archive, 'removed'), 'removed'));
}

async function lookAtStatus(demo: Rehearsal): Promise<void> {
  const { stage } = demo;
  stage.step('What is stored, and how complete it is');
  await demo.run('status');
  await demo.run('history');
  stage.prose(
    'Both are read from the archive alone and work without the server. A run that changed nothing leaves no line in the history.',
  );
}

async function loseAndRestore(demo: Rehearsal): Promise<void> {
  const { stage, store } = demo;
  stage.step('A mailbox is lost on the server, and put back');
  const lost = store.mailbox(LAMP_PROJECT).wipe().length;
  stage.prose(
    `Somebody empties "${LAMP_PROJECT}" on the server: ${lost} messages are gone. First a look at what restore would do, then the real thing:`,
  );
  await demo.run('restore', 'demo', '--in-place', '--dry-run');
  await demo.run('restore', 'demo', '--in-place');
  stage.prose(
    `The server holds them again, with their octets, flags, keywords and dates. Messages that were still there were not sent a second time, and the one deleted on purpose stays where it is.`,
  );
  await demo.run('sync');
  stage.prose(
    'To the server the restored messages are new ones, with new numbers. They were recognised all the same, and nothing was stored twice.',
  );
}

async function bringBackDeleted(demo: Rehearsal): Promise<void> {
  const { stage, store } = demo;
  stage.step('The deleted letter was needed after all');
  const before = store.inbox.size;
  await demo.run('restore', 'demo', 'is:removed', '--in-place');
  await demo.run('sync');
  if (store.inbox.size !== before + 1) throw new Error('the deleted letter did not come back');
  stage.prose(
    'A query chooses what is restored; is:removed means what has left the server. Words, from:, subject:, after:2026-01-15 and others work as well.',
  );
}

async function proveArchive(demo: Rehearsal): Promise<void> {
  const { stage, store, archive } = demo;
  stage.step('The archive is proved');
  await demo.run('check', '--read-data');
  stage.prose('Every file was read and compared with the SHA-256 in its name.');
  const { mailboxes, messages, octets, differences } = compare(store, archive);
  if (differences.length > 0)
    throw new Error(`the archive is not what the server holds: ${differences.join('; ')}`);
  stage.prose(
    `The demo also compared the server with the archive by itself, without mailkeep's help: ${messages} messages in ${mailboxes} mailboxes, ${octets.toLocaleString('en')} octets, with flags, keywords and dates. They are equal.`,
  );
}

function farewell({ stage, archive, configFile, folder }: Rehearsal): void {
  stage.step('Look around');
  stage.prose('The server ends with this process; the archive stays:');
  stage.verbatim([
    `export MAILKEEP_CONFIG=${configFile}`,
    'node dist/main.js status',
    `ls ${join(archive, 'mail', 'INBOX', 'cur')}`,
    `mutt -R -f ${join(archive, 'mail', 'INBOX')}`,
  ]);
  stage.prose('When you have seen enough:');
  stage.verbatim([`rm -r ${folder}`]);
}

/** One line for each Maildir below the folder: its name and how many messages it holds. */
function folderList(root: string, name: string): string[] {
  if (!existsSync(root)) return [];
  const folders = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !['cur', 'new', 'tmp'].includes(entry.name))
    .map((entry) => entry.name)
    .sort();
  const below = folders.flatMap((folder) => folderList(join(root, folder), `${name}/${folder}`));
  if (!existsSync(join(root, 'cur'))) return below;
  const files = readdirSync(join(root, 'cur')).length;
  return [`${String(files).padStart(3)} in ${name}`, ...below];
}
