// Content that is here already is recognised whatever its number is now, and two different messages are never taken
// for one, however alike they look from outside.

import { expect } from 'vitest';
import { contentLines } from '../support/archive.js';
import { makeMessages } from '../support/messages.js';
import { archived, describeInEveryTier, onServer } from './every-tier.js';

const DATE = 1_400_000_000;

/** Two messages with one Message-ID, one header block, one size and one date, whose bodies differ at `at`. */
function twins(name: string, octets: number, at: number): [Buffer, Buffer] {
  const header = `Message-ID: <${name}@example.org>\r\nSubject: ${name}\r\nDate: Tue, 13 May 2014 16:53:20 +0000\r\n\r\n`;
  const line = 'The quick brown fox jumps over the lazy dog, says every test of its kind.\r\n';
  const body = line.repeat(Math.ceil(octets / line.length)).slice(0, octets - 2);
  const changed = `${body.slice(0, at)}#${body.slice(at + 1)}`;
  return [Buffer.from(`${header}${body}\r\n`), Buffer.from(`${header}${changed}\r\n`)];
}

const PAIRS = [
  ...[0, 100, 700, 1400].map((at) => twins(`short-${at}`, 1500, at)),
  ...[0, 1000, 20_000, 39_000, 39_900].map((at) => twins(`long-${at}`, 40_000, at)),
  twins('middle', 20_000, 10_000),
  twins('megabyte', 1_000_000, 500_000),
];
const asMessage = (body: Buffer) => ({ body, flags: 'S', internalDate: DATE });

describeInEveryTier('recognising', {
  'a new UIDVALIDITY downloads none of 1,000 messages again': async (stage) => {
    const { server, user } = stage;
    await server.putMessages(user, 'INBOX', makeMessages({ seed: 9, count: 1000, medianBytes: 3000 }));
    const mailkeep = await stage.mailkeep();
    const first = (await mailkeep.sync()).report;
    expect(first).toMatchObject({ status: 'ok', added: 1000 });
    const before = (await server.state(user)).get('INBOX')!;
    const client = await server.client(user);
    await client.mailboxOpen('INBOX');
    await client.messageDelete('1:10', { uid: true });
    await server.resetUidValidity(user, 'INBOX');
    const after = (await server.state(user)).get('INBOX')!;
    expect(after.uidValidity).not.toBe(before.uidValidity);
    expect(after.messages.get(1)).toEqual(before.messages.get(11));

    const { code, report } = await mailkeep.sync();
    expect(code).toBe(0);
    expect(report).toMatchObject({
      status: 'ok',
      added: 0,
      adopted: 990,
      moved: 990,
      removed: 10,
      hold: false,
    });
    expect(report.bytes_downloaded).toBeLessThan(first.bytes_downloaded);
    expect(archived(mailkeep.archive())).toEqual(await onServer(stage));
    const removed = [...mailkeep.archive('removed').get('INBOX')!.values()];
    expect(contentLines(removed)).toEqual(
      contentLines([...before.messages].filter(([uid]) => uid <= 10).map(([, message]) => message)),
    );
    expect((await mailkeep.sync()).report).toMatchObject({ adopted: 0, moved: 0, mailboxes_changed: 0 });
    expect(await mailkeep.check()).toMatchObject({ code: 0, unindexed: [] });
  },

  'tells planted pairs apart: same Message-ID, size, date, header block, other body': async (stage) => {
    const { server, user } = stage;
    await server.putMessages(
      user,
      'INBOX',
      PAIRS.map(([one]) => asMessage(one)),
    );
    const mailkeep = await stage.mailkeep();
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: PAIRS.length });
    // The twins look like copies in another mailbox, ...
    await server.putMessages(
      user,
      'Twins',
      PAIRS.map(([, other]) => asMessage(other)),
    );
    expect((await mailkeep.sync()).report).toMatchObject({ added: PAIRS.length, adopted: 0 });
    expect(archived(mailkeep.archive())).toEqual(await onServer(stage));
    // ... and a true copy has two candidates then.
    const client = await server.client(user);
    await client.mailboxCreate('Copies');
    await client.mailboxOpen('Twins');
    await client.messageCopy('1:*', 'Copies', { uid: true });
    await mailkeep.sync();
    expect(archived(mailkeep.archive())).toEqual(await onServer(stage));
    expect((await mailkeep.check()).code).toBe(0);
  },

  'tells a message from the twin that took its place': async (stage) => {
    const { server, user } = stage;
    await server.putMessages(
      user,
      'INBOX',
      PAIRS.map(([one]) => asMessage(one)),
    );
    const mailkeep = await stage.mailkeep();
    await mailkeep.sync();
    const client = await server.client(user);
    await client.mailboxOpen('INBOX');
    await client.messageDelete('1:*', { uid: true });
    await server.putMessages(
      user,
      'INBOX',
      PAIRS.map(([, other]) => asMessage(other)),
    );
    expect((await mailkeep.sync()).report).toMatchObject({
      added: PAIRS.length,
      adopted: 0,
      moved: 0,
      removed: PAIRS.length,
    });
    expect(archived(mailkeep.archive())).toEqual(await onServer(stage));
    expect(mailkeep.archive('removed').get('INBOX')!.size).toBe(PAIRS.length);
  },
});
