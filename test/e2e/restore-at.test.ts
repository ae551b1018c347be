// `--at` gives back yesterday's account after a deletion, a flag change, a move and a mailbox that was deleted.

import { expect, test } from 'vitest';
import type { Lines } from '../support/archive.js';
import { Dovecot, describeWithDovecot } from '../support/dovecot.js';
import { documentOf, type Mailkeep } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { archiveOf, linesByMailbox, restore, targetAccount } from './restore-stage.js';

describeWithDovecot('restore --at', () => {
  test('gives back each state that a run saw, flags and mailboxes of then included', {
    timeout: 180_000,
  }, async () => {
    const server = await Dovecot.start();
    try {
      const messages = makeMessages({ seed: 8, count: 80, medianBytes: 2000 });
      await server.putMessages('alice', 'INBOX', messages.slice(0, 40));
      await server.putMessages('alice', 'Work', messages.slice(40, 60));
      await server.putMessages('alice', 'Gone/Old', messages.slice(60));
      const client = await server.client('alice');
      await client.mailboxCreate('Gone/Empty');
      const others = ['b1', 'b2', 'b3', 'now'].map((user) => targetAccount(user, server, user));
      await using mailkeep = await archiveOf(server, 'alice', others);
      const names = async (user: string) => [...(await server.state(user)).keys()].sort();
      const states: Lines[] = [linesByMailbox(await server.state('alice'))];
      const mailboxes = [await names('alice')];
      const next = async () => {
        expect((await mailkeep.sync('personal')).code).toBe(0);
        states.push(linesByMailbox(await server.state('alice')));
        mailboxes.push(await names('alice'));
      };
      await client.mailboxOpen('INBOX');
      await client.messageDelete('1:5', { uid: true });
      await client.messageFlagsAdd('6:10', ['\\Flagged', 'later'], { uid: true });
      await client.messageFlagsRemove('8:20', ['\\Seen'], { uid: true });
      await client.messageMove('21:25', 'Work', { uid: true });
      await client.mailboxDelete('Gone/Old');
      await client.mailboxDelete('Gone/Empty');
      await next();
      await client.messageFlagsSet('6:30', ['\\Answered'], { uid: true });
      await client.mailboxOpen('Work');
      await client.messageMove('1:3', 'INBOX', { uid: true });
      await next();
      const runs = await runNumbers(mailkeep);
      expect(runs).toHaveLength(3);
      for (const [at, run] of runs.entries()) {
        const args = ['--to', `b${at + 1}`, '--in-place', '--at', String(run), '--verify'];
        const { code, report } = await restore(mailkeep, ...args);
        expect([code, report.failures]).toEqual([0, []]);
        expect(linesByMailbox(await server.state(`b${at + 1}`))).toEqual(states[at]);
        expect(await names(`b${at + 1}`)).toEqual(mailboxes[at]);
        expect((await restore(mailkeep, ...args)).report.restored).toBe(0);
      }
      const late = await restore(mailkeep, '--to', 'now', '--in-place', '--at', new Date().toISOString());
      expect(late.code).toBe(0);
      expect(linesByMailbox(await server.state('now'))).toEqual(states[2]);
      const early = await mailkeep.run('restore', 'personal', '--to', 'now', '--at', '2001-01-01', '--json');
      expect(early.code).toBe(10);
      const wrong = await mailkeep.run('restore', 'personal', '--to', 'now', '--at', 'soon', '--json');
      expect(wrong.code).toBe(2);

      // In place only what is missing comes back: the mailbox, what was deleted, what moved away.
      const back = await restore(mailkeep, '--in-place', '--at', String(runs[0]));
      expect(back.code).toBe(0);
      expect(back.report.restored).toBe(5 + 5 + 20 + 3);
      expect((await server.state('alice')).get('Gone/Old')!.messages.size).toBe(20);
    } finally {
      await server.stop();
    }
  });
});

/** Oldest first. */
async function runNumbers(mailkeep: Mailkeep): Promise<number[]> {
  const { runs } = documentOf(await mailkeep.run('history', 'personal', '--json')) as unknown as {
    runs: { run: number }[];
  };
  return runs.map(({ run }) => run).sort((a, b) => a - b);
}
