// A target that refuses, fills up, breaks off or changes what it is given: each message that did not make it is
// named, all others arrive once, the exit code says so, and the same command goes on where it stopped.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Dovecot, describeWithDovecot } from '../support/dovecot.js';
import { no } from '../support/imap-server/command-error.js';
import { dropAfter, dropBefore, refuse } from '../support/imap-server/fault-actions.js';
import { Mailkeep } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import {
  allSubjects,
  inboxStage,
  numbered,
  numberedBody,
  scriptedStage,
  subjects,
} from '../support/scripted-restore.js';
import { restore, targetAccount, withoutMessageId } from './restore-stage.js';

describe('restore', () => {
  test('plans what APPENDLIMIT rules out, and restores the rest', async () => {
    const messages = [...numbered(4), { body: numberedBody(4, 5000) }];
    await using it = await inboxStage(messages, { appendLimit: 4000 });
    const dry = await it.toOther('--dry-run');
    expect(dry.report).toMatchObject({ append: 4, failed: 1, restored: 0 });
    expect(dry.report.mailboxes[0]).toMatchObject({ too_big: 1, damaged: 0, append: 4 });
    expect(dry.report.failures[0]).toMatchObject({ mailbox: 'INBOX', uid: 5 });
    const run = await it.toOther();
    expect([run.code, run.report.restored, run.report.failed]).toEqual([3, 4, 1]);
    expect(run.report.failures).toEqual(dry.report.failures);
    expect(subjects(it.target)).toEqual(allSubjects(4));
  });

  test.each(['TOOBIG', 'LIMIT', 'CANNOT'])('names a message refused with %s and goes on', async (code) => {
    await using it = await inboxStage(numbered(12));
    it.target.faults.add({ command: 'APPEND', text: /number 5\b/ }, refuse('NO', 'not this one', code));
    const run = await it.toOther();
    expect([run.code, run.report.restored, run.report.failed]).toEqual([3, 11, 1]);
    expect(run.report.failures[0]).toMatchObject({ uid: 6, reason: expect.stringContaining('not this one') });
    expect(subjects(it.target)).toEqual(allSubjects(12).filter((subject) => subject !== 'number 5'));
  });

  test.each([
    ['LITERAL+', 'MULTIAPPEND'],
    ['LITERAL+', ''],
    ['LITERAL-', 'MULTIAPPEND'],
    ['LITERAL-', ''],
    ['', 'MULTIAPPEND'],
    ['', ''],
  ])('sends messages of any size whole with "%s" and "%s"', async (literals, multiple) => {
    const text = Buffer.from(`Subject: x\r\n\r\n${`${'y'.repeat(70)}\r\n`.repeat(10_000)}`);
    const sizes = [20, 4000, 4090, 4096, 4097, 5000, 70_000, 700_000];
    const messages = sizes
      .flatMap((size) => [size, size + 1])
      .map((size) => ({ body: text.subarray(0, size) }));
    const capabilities = ['IMAP4rev1', 'NAMESPACE', 'UIDPLUS', literals, multiple].filter(
      (each) => each !== '',
    );
    await using it = await inboxStage([...messages, ...numbered(100)], { capabilities });
    const run = await it.toOther('--verify');
    expect([run.code, run.report.restored, run.report.failures]).toEqual([0, 116, []]);
    expect((await it.toOther()).report).toMatchObject({ restored: 0, present: 116 });
    expect(it.target.store('bob').inbox.size).toBe(116);
  });

  test('makes the mailbox that went away meanwhile (TRYCREATE)', async () => {
    await using it = await inboxStage(numbered(5));
    it.target.faults.add({ command: 'APPEND', times: 1 }, refuse('NO', 'no such mailbox', 'TRYCREATE'));
    const run = await it.toOther();
    expect([run.code, run.report.restored]).toEqual([0, 5]);
    expect(subjects(it.target)).toEqual(allSubjects(5));
  });

  test('makes the parents first where the server wants them, and other names where it refuses one', async () => {
    await using it = await scriptedStage({}, (source) => {
      for (const name of ['A/B/C', 'A/B/D', 'odd*name', 'Nothing in it']) source.store('alice').create(name);
      for (const name of ['A/B/C', 'odd*name'])
        source
          .store('alice')
          .mailbox(name)
          .append({ body: numberedBody(1), internalDate: { seconds: 1e9, zone: 0 } });
    });
    const bob = it.target.store('bob');
    it.target.faults.add(
      { command: 'CREATE' },
      {
        before: ({ mailbox }) => {
          const parent = mailbox?.split('/').slice(0, -1).join('/') ?? '';
          if (parent !== '' && bob.find(parent) === undefined) throw no('Parent is missing');
          if (mailbox?.includes('*') || mailbox?.includes('it')) throw no('Not that name');
          return undefined;
        },
      },
    );
    const run = await it.toOther();
    expect([run.code, run.report.restored, run.report.failures]).toEqual([0, 2, []]);
    expect([...bob.mailboxes.keys()].sort()).toEqual(['A', 'A/B', 'A/B/C', 'A/B/D', 'INBOX', 'odd_name']);
    expect([...run.report.remarks].sort()).toEqual([
      expect.stringMatching(/^Nothing in it: .*was not made: .*Not that name/),
      'odd*name: the target refuses that name; it is called odd_name there',
    ]);
    expect(subjects(it.target, 'odd_name')).toEqual(['number 1']);
    const again = await it.toOther();
    expect([again.report.restored, again.report.present]).toEqual([0, 2]);
  });

  test('leaves a server alone that asks to come back later, and says what is missing', async () => {
    await using it = await inboxStage(numbered(5));
    const fault = it.target.faults.add({ command: 'APPEND' }, refuse('NO', 'slow down', 'THROTTLED'));
    const run = await it.toOther();
    expect([run.code, run.report.restored, run.report.failed]).toEqual([75, 0, 5]);
    expect(run.report.error).toMatchObject({ code: 'throttled' });
    it.target.faults.remove(fault);
    expect((await it.toOther()).code).toBe(0);
    expect(subjects(it.target)).toEqual(allSubjects(5));
  });

  test.each([
    ['a modern server', {}],
    ['a server without UIDPLUS', { tier: 'plain', capabilities: ['IMAP4rev1', 'NAMESPACE'] }],
  ] as const)('sends nothing again whose reply was lost, on %s', async (_, options) => {
    const messages = numbered(6).map((message, n) =>
      n % 2 === 0 ? message : { ...message, body: withoutMessageId(numberedBody(n)) },
    );
    // A real duplicate, without Message-ID at that.
    messages.push(messages[1]!);
    await using it = await inboxStage(messages, options);
    it.target.faults.add({ command: 'APPEND', nth: 1 }, dropAfter(0, 'rst'));
    const run = await it.toOther();
    expect([run.code, run.report.restored, run.report.failures]).toEqual([0, 7, []]);
    expect(subjects(it.target).sort()).toEqual([...allSubjects(6), 'number 1'].sort());
    expect((await it.toOther()).report).toMatchObject({ restored: 0, present: 7 });
    expect(subjects(it.target)).toHaveLength(7);
  });

  test('finds the message that ends the connection, names it, and restores all others', {
    timeout: 120_000,
  }, async () => {
    await using it = await inboxStage(numbered(8));
    it.target.faults.add({ command: 'APPEND', text: /number 3\b/ }, dropBefore('fin'));
    const run = await it.toOther();
    expect([run.code, run.report.restored, run.report.failed]).toEqual([3, 7, 1]);
    expect(run.report.failures[0]).toMatchObject({
      uid: 4,
      reason: expect.stringContaining('ends the conn'),
    });
    expect(subjects(it.target).sort()).toEqual(allSubjects(8).filter((subject) => subject !== 'number 3'));
  });

  test('adds nothing twice to a server that rewrites messages and dates, cut in the middle or not', async () => {
    await using it = await inboxStage(numbered(6), { capabilities: ['IMAP4rev1', 'NAMESPACE', 'LITERAL+'] });
    const { inbox } = it.target.store('bob');
    const append = inbox.append.bind(inbox);
    inbox.append = (message) =>
      append({
        ...message,
        internalDate: { seconds: 1_700_000_000, zone: 0 },
        body: Buffer.concat([Buffer.from('X-Seen-By: them\r\n'), Buffer.from(message.body as Buffer)]),
      });
    it.target.faults.add({ command: 'APPEND', nth: 3 }, dropAfter(0, 'fin'));
    const run = await it.toOther();
    expect(run.code).toBe(3);
    expect(run.report.failures).toHaveLength(6);
    expect(run.report.failures[0]!.reason).toMatch(/keeps it in \d+ octets instead of/);
    expect(run.report.remarks.join()).toContain('another date');
    expect(subjects(it.target).sort()).toEqual(allSubjects(6));
    const again = await it.toOther();
    expect(again.report).toMatchObject({ restored: 0, present: 6, failed: 0 });
    expect(subjects(it.target)).toHaveLength(6);
  });

  test('takes no message for another that a server made grow to its size', async () => {
    // Each has as many octets as the one before it has with CR LF everywhere, as Courier and Dovecot keep it.
    const messages = [3, 6, 12].map((lines, n) => ({
      body: Buffer.from(`Subject: number ${n}\r\n\r\n${'x'.repeat(20)}${'\n'.repeat(lines)}`),
      internalDate: { seconds: 1e9 + n, zone: 0 },
    }));
    await using it = await inboxStage(messages);
    const { inbox } = it.target.store('bob');
    const append = inbox.append.bind(inbox);
    inbox.append = (message) => {
      const text = (message.body as Buffer).toString('latin1').replace(/\r?\n/g, '\r\n');
      return append({ ...message, body: Buffer.from(text, 'latin1') });
    };
    const run = await it.toOther();
    expect([run.code, run.report.restored, run.report.failed]).toEqual([3, 0, 3]);
    expect(run.report.remarks).toEqual([]);
    const again = await it.toOther();
    expect(again.report).toMatchObject({ restored: 0, present: 3, failed: 0 });
    expect(subjects(it.target)).toEqual(allSubjects(3));
  });

  test('says in the plan which keywords the target does not keep, and restores without them', async () => {
    const messages = numbered(3).map((message) => ({ ...message, flags: ['\\Seen', 'work', '$Label1'] }));
    await using it = await inboxStage(messages);
    const { inbox } = it.target.store('bob');
    inbox.permanentFlags = ['\\Seen', '\\Answered', '$Label1'];
    const dry = await it.toOther('--dry-run');
    expect(dry.report.mailboxes[0]!.dropped).toEqual(['work']);
    const run = await it.toOther();
    expect([run.code, run.report.restored]).toEqual([0, 3]);
    expect(run.report.remarks.join()).toContain('work');
    expect([...inbox.get(1)!.flags].sort()).toEqual(['$Label1', '\\Seen']);
  });

  test('never sends a damaged file, and never writes to the archive', async () => {
    await using it = await inboxStage(numbered(5));
    const folder = join(it.mailkeep.root, 'mail/INBOX/cur');
    const file = join(folder, readdirSync(folder).find((name) => name.includes('U2.'))!);
    const octets = readFileSync(file);
    octets[octets.length - 5]! ^= 1;
    writeFileSync(file, octets);
    utimesSync(file, 1e9 + 1, 1e9 + 1);
    const before = fingerprint(it.mailkeep.root);
    const dry = await it.toOther('--dry-run');
    expect(existsSync(join(it.mailkeep.root, 'restore.db'))).toBe(false);
    expect([dry.code, dry.report.append, dry.report.failed]).toEqual([3, 4, 1]);
    expect(dry.report.mailboxes[0]).toMatchObject({ damaged: 1 });
    const run = await it.toOther();
    expect([run.code, run.report.restored, run.report.failed]).toEqual([3, 4, 1]);
    expect(run.report.failures).toEqual(dry.report.failures);
    expect(subjects(it.target)).toEqual(allSubjects(5).filter((subject) => subject !== 'number 1'));
    expect(fingerprint(it.mailkeep.root)).toEqual(before);
  });

  test('runs once at a time', async () => {
    await using it = await inboxStage(numbered(3));
    const fault = it.target.faults.add({ command: 'APPEND' }, dropBefore('rst'));
    const first = it.mailkeep.start('restore', 'personal', '--to', 'other', '--in-place', '--json');
    await fault.reached;
    const second = await it.mailkeep.run('restore', 'personal', '--to', 'other', '--in-place', '--json');
    expect([second.code, JSON.parse(second.stdout).error.code]).toEqual([11, 'locked']);
    it.target.faults.remove(fault);
    expect((await first.ended).code).toBe(0);
    expect(subjects(it.target)).toEqual(allSubjects(3));
  });
});

describeWithDovecot('restore to a Dovecot with a quota', () => {
  test('shows what is left, fills it, names what did not fit, and goes on when there is room', async () => {
    const server = await Dovecot.start({ quotaKib: 200 });
    try {
      const messages = makeMessages({ seed: 4, count: 60, medianBytes: 8000, mostBytes: 20_000 });
      const others = [targetAccount('other', server, 'bob')];
      await server.putMessages('alice', 'INBOX', messages);
      await using mailkeep = await Mailkeep.create({
        port: server.port,
        user: 'alice',
        password: 'pass',
        others,
      });
      await mailkeep.sync('personal');
      const dry = await restore(mailkeep, '--to', 'other', '--in-place', '--dry-run');
      const storage = dry.report.quota.find(({ name }) => name === 'STORAGE')!;
      expect(storage).toMatchObject({ used: 0, limit: 200 * 1024 });
      expect(dry.report.remarks.join()).toContain('room for 204800 of');
      const run = await restore(mailkeep, '--to', 'other', '--in-place');
      expect([run.code, run.report.error]).toEqual([3, null]);
      expect(run.report.restored).toBeGreaterThan(5);
      expect(run.report.restored + run.report.failed).toBe(60);
      expect(run.report.failures.at(-1)!.reason).toContain('takes no more mail');
      const held = (await server.state('bob')).get('INBOX')!.messages.size;
      expect(held).toBe(run.report.restored);
    } finally {
      await server.stop();
    }
  });
});

/** Every file of the archive itself, with its content. */
function fingerprint(root: string): string[] {
  return ['mail', 'removed', 'index.db'].flatMap((part) => {
    const path = join(root, part);
    if (!existsSync(path)) return [];
    if (statSync(path).isFile()) return [`${part} ${hash(path)}`];
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((file) => `${file} ${statSync(file).mtimeMs} ${hash(file)}`);
  });
}

function hash(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
