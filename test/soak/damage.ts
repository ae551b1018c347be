// npm run soak:damage [-- --messages 10000] [--keep]
// Every kind of damage in one large archive, each on messages of its own: found and named, repaired where the octets
// are somewhere, and check is clean after. Then the index is lost, and made anew with the same answers. Prints what
// each step took; ends with 1 at the first thing that is not so. Needs the built program.

import assert from 'node:assert/strict';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { copyOf } from '../crash/crash-everywhere.js';
import { DAMAGES, type Damage, spoilIndex } from '../support/damage.js';
import type { MailStore } from '../support/imap-server/mail-store.js';
import { ImapServer } from '../support/imap-server/server.js';
import { documentOf, Mailkeep } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';

interface Named {
  readonly kind: string;
  readonly file: string;
  readonly reason: string;
}
type Checked = Record<Damage['head'], Named[]> & { damaged: boolean; files: number };

const { values } = parseArgs({
  options: { messages: { type: 'string', default: '10000' }, keep: { type: 'boolean', default: false } },
});
const PASSWORD = 'a password of the soak';

const INDEX_DAMAGES: readonly (readonly [string, (root: string) => void])[] = [
  ['an index of rubbish pages', spoilIndex],
  ['an index that was cut short', (at) => truncateSync(join(at, 'index.db'), 10_000)],
  ['an empty index', (at) => writeFileSync(join(at, 'index.db'), '')],
  ['no index', (at) => rmSync(join(at, 'index.db'))],
];

const server = await ImapServer.start({ users: { alice: PASSWORD }, tier: 'qresync' });
const store = server.store('alice');
const mailkeep = await Mailkeep.create({ port: server.port, user: 'alice', password: PASSWORD });
const root = mailkeep.root;
try {
  await fill(store, Number(values.messages));
  const whole = join(mailkeep.folder, 'whole');
  copyOf(root, whole);
  await clean('the archive as it was made');

  const isApart = ({ name }: Damage) => /folder of|lost folder|folder that was|rubbish at/.test(name);
  await mend(
    'every kind at once',
    DAMAGES.filter((damage) => !isApart(damage)),
  );
  for (const damage of DAMAGES.filter(isApart)) {
    rmSync(root, { recursive: true });
    copyOf(whole, root);
    await mend(damage.name, [damage]);
  }

  const before = await ask();
  for (const [name, spoil] of INDEX_DAMAGES) {
    spoil(root);
    const run = await mailkeep.run('check', '--json');
    assert.ok(run.code === 1 || run.code === 20, `${name}: check ends with ${run.code}`);
    await timed(`${name}: made anew`, async () => {
      assert.equal((await mailkeep.run('repair', '--rebuild-index', '--json')).code, 0, name);
    });
    assert.deepEqual(await ask(), before, `${name}: other answers`);
    const { report } = await mailkeep.sync();
    assert.equal(report.status, 'ok');
    assert.deepEqual([report.added, report.adopted, report.bytes_downloaded], [0, 0, 0]);
    await clean(name);
  }
  console.log('all is as it should be');
} finally {
  if (values.keep) console.log(`kept: ${mailkeep.folder}`);
  else await mailkeep.remove();
  await server[Symbol.asyncDispose]();
}

/** A mailbox of most messages, one with keywords of many letters, copies, and some that leave. */
async function fill(mail: MailStore, count: number): Promise<void> {
  const inbox = mail.inbox;
  const work = mail.create('Work');
  mail.create('Copies');
  const messages = makeMessages({ seed: 6, count, medianBytes: 9000 });
  for (const [at, { body }] of messages.entries()) {
    const internalDate = { seconds: 1_500_000_000 + at * 60, zone: 0 };
    const keyword = at % 7 === 0 ? [`Keyword${at % 20}`] : [];
    const flags = [...(at % 3 === 0 ? ['\\Seen'] : []), ...keyword];
    (at % 10 === 0 ? work : inbox).append({ body, flags, internalDate });
  }
  await timed('first run', async () => assert.equal((await mailkeep.sync()).report.status, 'ok'));
  const uids = [...inbox.uids];
  mail.copy('INBOX', uids.slice(100, 140), 'Copies');
  await mailkeep.sync();
  inbox.expunge([...uids.slice(100, 104), ...uids.slice(-30)]);
  assert.equal((await mailkeep.sync()).report.removed, 34);
}

/** Every damage is named, the repair leaves nothing to be said, and the server has nothing to add. */
async function mend(what: string, planted: readonly Damage[]): Promise<void> {
  const files = planted.map((damage) => damage.plant(root));
  const found = await timed(`${what}: check`, () => check('--read-data'));
  for (const [at, { name, head, says }] of planted.entries()) {
    const file = files[at];
    const isNamed = found[head].some(
      (each) => says.test(each.reason) && (file == null || each.file === file),
    );
    assert.ok(isNamed, `${name} is not named: ${file}`);
  }
  const run = await timed(`${what}: repair`, () => mailkeep.run('repair', '--json'));
  assert.equal(run.code, 0, `${what}: ${run.stdout}${run.stderr}`);
  if (planted.some(({ stays }) => stays === true)) rmSync(join(root, 'mail/INBOX/cur/a draft of mine'));
  await clean(what);
  const { report } = await mailkeep.sync();
  assert.deepEqual([report.status, report.added, report.removed], ['ok', 0, 0], what);
}

async function clean(what: string): Promise<void> {
  const found = await check('--read-data');
  const said = [found.missing, found.corrupt, found.unindexed, found.index, found.untidy].flat();
  assert.deepEqual(said, [], what);
}

async function check(...flags: string[]): Promise<Checked> {
  const run = await mailkeep.run('check', '--json', ...flags);
  const { accounts } = documentOf(run) as { accounts: Checked[] };
  assert.equal(run.code, accounts[0]!.damaged ? 20 : 0);
  return accounts[0]!;
}

/** What a user may ask an archive, as text. */
async function ask(): Promise<unknown[]> {
  const questions = [
    ['history'],
    ['status', '--at', '1'],
    ['status', '--at', '2'],
    ['search', 'is:seen'],
    ['search', 'is:removed', '--at', '3'],
    ['search', 'larger:20K', '--at', '1'],
  ];
  const answers: unknown[] = [];
  for (const question of questions) {
    const run = await mailkeep.run(...question, '--json');
    assert.equal(run.code, 0, `${question.join(' ')}: ${run.stderr}`);
    answers.push(documentOf(run));
  }
  return answers;
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const result = await work();
  console.log(`${what}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  return result;
}
