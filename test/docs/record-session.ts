/**
 * `npx tsx test/docs/record-session.ts` makes docs/session.txt anew: a person at a terminal (tmux), a real Dovecot,
 * the built command. What is typed stands below; what comes back is what the file shows. Needs dist/, Dovecot and tmux.
 */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fillAccount, LAMP_PROJECT, newLetter, USER } from '../demo/sample-account.js';
import { Dovecot } from '../support/dovecot.js';
import { MailStore } from '../support/imap-server/mail-store.js';
import { bodyOf } from '../support/imap-server/message.js';
import { decodeModifiedUtf7 } from '../support/modified-utf7.js';
import { Terminal } from './terminal.js';

const ROOT = resolve(import.meta.dirname, '../..');
const SESSION = join(ROOT, 'docs/session.txt');
const LETTERS: Readonly<Record<string, string>> = {
  '\\Answered': 'R',
  '\\Draft': 'D',
  '\\Flagged': 'F',
  '\\Seen': 'S',
};

const dovecot = await Dovecot.start();
const home = mkdtempSync(join(tmpdir(), 'mailkeep-session-'));
const terminal = new Terminal(home, join(ROOT, 'dist/main.js'));

try {
  await fill();
  copyFileSync(dovecot.certificates.caFile, join(home, 'ca.pem'));
  await terminal.open();
  await play();
  writeFileSync(SESSION, shown(terminal.screen()));
} finally {
  terminal.close();
  await dovecot.stop();
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
}

async function play(): Promise<void> {
  await terminal.type(
    `mailkeep init --name personal --host localhost --port ${dovecot.tlsPort} --tls-ca-file ca.pem`,
  );
  await terminal.answer('Your mail address', USER);
  await terminal.answer('How is mail read there?');
  await terminal.answer('IMAP server');
  await terminal.answer('Encryption');
  await terminal.answer('Port');
  await terminal.answer('User name for the sign-in');
  await terminal.answer('The password');
  await terminal.answer('Password\n', dovecot.password);
  await terminal.answer('Which mailboxes?');
  await terminal.answer('Folder for the archive');
  await terminal.answer('How often');
  await terminal.prompt();
  await terminal.run('mailkeep doctor');
  await terminal.run('mailkeep sync');
  await terminal.run('mailkeep status');
  await terminal.run('mailkeep search measure "from:tomás" after:2026-01-17');
  await terminal.run(`mailkeep show ${/([0-9a-f]{10})$/m.exec(terminal.screen())![1]}`);
  await terminal.run('mailkeep attachments');
  await dovecot.doveadm('expunge', '-u', USER, 'mailbox', LAMP_PROJECT, 'all');
  await terminal.run(`# Meanwhile somebody has emptied the mailbox "${LAMP_PROJECT}" on the server.`);
  await terminal.run('mailkeep restore personal --in-place --dry-run');
  await terminal.run('mailkeep restore personal --in-place --verify');
  await terminal.run('mailkeep sync');
  await terminal.run('mailkeep check --read-data --server');
  await terminal.type('mailkeep daemon');
  await terminal.until((text) => text.includes('mailkeep started'));
  const client = await dovecot.client(USER);
  await client.append('INBOX', newLetter().body, [], new Date('2026-02-04T21:16:00Z'));
  process.kill(terminal.child(), 'SIGUSR1');
  await terminal.until((text) => text.includes('added'));
  terminal.interrupt();
  await terminal.prompt();
  await terminal.run('mailkeep search "lamp works"');
}

/** The demo's account, on Dovecot. */
async function fill(): Promise<void> {
  const store = new MailStore();
  fillAccount(store);
  for (const mailbox of store.mailboxes.values()) {
    const letters = mailbox.uids.map((uid) => mailbox.get(uid)!);
    const messages = letters.map((letter) => ({
      body: bodyOf(letter),
      flags: [...letter.flags]
        .map((flag) => LETTERS[flag] ?? '')
        .sort()
        .join(''),
      internalDate: letter.internalDate.seconds,
    }));
    if (messages.length > 0) await dovecot.putMessages(USER, decodeModifiedUtf7(mailbox.name), messages);
  }
}

/** Without what differs from one recording to the next by the place alone. */
function shown(screen: string): string {
  const lines = screen.replaceAll(home, '/home/mina').split('\n');
  const text = lines
    .map((line) => line.trimEnd())
    .join('\n')
    .trimEnd();
  return `${text.replace(/\n\$$/, '')}\n`;
}
