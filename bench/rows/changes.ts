// A large account in which little has changed: cost should follow the change and not the size.

import type { Dovecot } from '../../test/support/dovecot.js';
import { makeMessages } from '../../test/support/messages.js';
import { MailkeepHome, MbsyncHome, SOURCE } from '../contestants.js';
import { hundred, type Mail, mailboxName } from '../data.js';
import { MAILKEEP, MBSYNC, memoryGoal, type Row, type RowResult, ratioGoal, secondsGoal } from '../row.js';
import type { Contestant, Setting } from '../setting.js';

const MAILBOXES = 8;

export const newMail: Row = {
  name: 'new-mail',
  needs: ['dovecot'],
  run: (setting) => {
    const fresh = setting.scaled(1000);
    return follow(setting, {
      name: 'new-mail',
      work: `${fresh.toLocaleString('en')} new messages in`,
      change: async (server, { user }, round) => {
        const each = fresh / MAILBOXES;
        for (let number = 0; number < MAILBOXES; number++) {
          const seed = 1000 + round * MAILBOXES + number;
          const messages = makeMessages({ seed, count: each, medianBytes: 1500 });
          await server.putMessages(user, mailboxName(number), messages);
        }
      },
      count: { figure: 'added', of: () => Math.floor(fresh / MAILBOXES) * MAILBOXES },
    });
  },
};

export const newFlags: Row = {
  name: 'new-flags',
  needs: ['dovecot'],
  run: (setting) =>
    follow(setting, {
      name: 'new-flags',
      work: '1 % of the flags changed of',
      begin: (server, mail) => mark(server, mail, 'remove'),
      change: (server, mail, round) => mark(server, mail, round % 2 === 0 ? 'add' : 'remove'),
      count: { figure: 'flags_changed', of: (mail) => marked(mail).length * MAILBOXES },
    }),
};

/** Every hundredth message of a mailbox, so that the changes lie as scattered as people make them. */
function marked({ messages }: Mail): number[] {
  return Array.from({ length: Math.floor(messages / MAILBOXES / 100) }, (_, at) => (at + 1) * 100);
}

async function mark(server: Dovecot, mail: Mail, action: 'add' | 'remove'): Promise<void> {
  for (let number = 0; number < MAILBOXES; number++) {
    const query = ['mailbox', mailboxName(number), 'uid', marked(mail).join(',')];
    await server.doveadm('flags', action, '-u', mail.user, '\\Flagged', ...query);
  }
}

export const statusOfMany: Row = {
  name: 'status',
  needs: ['dovecot'],
  run: async (setting) => {
    const { mail, own } = await backedUp(setting);
    const series = await setting.compete([{ who: MAILKEEP, command: () => own.command('status') }]);
    return {
      name: 'status',
      work: `status of ${mail.messages.toLocaleString('en')} messages`,
      series,
      goals: [...secondsGoal(series, 0.5), ...memoryGoal(series)],
    };
  },
};

interface Follow {
  readonly name: string;
  readonly work: string;
  /** Before the first round; both contestants see it untimed. */
  readonly begin?: (server: Dovecot, mail: Mail) => Promise<void>;
  readonly change: (server: Dovecot, mail: Mail, round: number) => Promise<void>;
  readonly count: { readonly figure: 'added' | 'flags_changed'; readonly of: (mail: Mail) => number };
}

async function follow(setting: Setting, { name, work, begin, change, count }: Follow): Promise<RowResult> {
  const server = await setting.server();
  const { mail, own, peer } = await backedUp(setting);
  await begin?.(server, mail);
  // What an earlier row left behind for the other contestant is no part of this one.
  await setting.run(own.command('sync'));
  if (peer !== null) await setting.run(peer.command());
  const contestants: Contestant[] = [
    {
      who: MAILKEEP,
      prepare: (round) => change(server, mail, round),
      command: () => own.command('sync', '--json'),
      verify: async ({ stdout }) => {
        const [account] = (JSON.parse(stdout) as { accounts: Record<typeof count.figure, number>[] })
          .accounts;
        const seen = account?.[count.figure];
        if (seen !== count.of(mail)) throw new Error(`${count.figure} is ${seen}, not ${count.of(mail)}`);
        return undefined;
      },
    },
    // The change made for mailkeep serves both.
    ...(peer === null ? [] : [{ who: MBSYNC, command: () => peer.command() }]),
  ];
  const series = await setting.compete(contestants);
  return {
    name,
    work: `${work} ${mail.messages.toLocaleString('en')}`,
    series,
    goals: [...ratioGoal(series, MBSYNC, 0.5), ...memoryGoal(series)],
  };
}

/** Both contestants after their first backup of the 100,000. */
async function backedUp(setting: Setting) {
  const server = await setting.server();
  const mail = await hundred(setting);
  const reach = { port: server.port, user: mail.user };
  const own = await setting.shared('mailkeep after its first backup', async () => {
    const home = setting.owned(await MailkeepHome.make(reach), (it) => it.remove());
    await setting.run(home.command('sync', SOURCE));
    return home;
  });
  const peer = !setting.hasMbsync
    ? null
    : await setting.shared('mbsync after its first backup', async () => {
        const home = setting.owned(await MbsyncHome.make(), (it) => it.remove());
        await home.configure(reach, { fsync: false });
        await setting.run(home.command());
        await home.configure(reach);
        return home;
      });
  return { mail, own, peer };
}
