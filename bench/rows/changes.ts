// A large account in which little has changed: cost should follow the change and not the size.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type DelayProxy, startDelayProxy } from '../../test/support/delay-proxy.js';
import { Dovecot } from '../../test/support/dovecot.js';
import type { Tier } from '../../test/support/dovecot-config.js';
import { makeMessages } from '../../test/support/messages.js';
import { MailkeepHome, MbsyncHome, type Reach, SOURCE } from '../contestants.js';
import { hundred, type Mail, mailboxName, warm } from '../data.js';
import {
  type Goal,
  MAILKEEP,
  MBSYNC,
  memoryGoal,
  type Row,
  type RowResult,
  ratioGoal,
  secondsGoal,
} from '../row.js';
import { type Contestant, type Setting, UNCOMPRESSED } from '../setting.js';
import { counted, tripGoals } from './many-mailboxes.js';

const MAILBOXES = 8;

/** Next door, where both wait for the server most of the time, and as far away as servers are. */
const DISTANCES: readonly Distance[] = ['loopback', 'far'];

/** The same by what the server announces: QRESYNC, CONDSTORE alone, or next to nothing. */
export const newMail: readonly Row[] = DISTANCES.flatMap((distance) =>
  (['qresync', 'condstore', 'plain'] as const).map((tier) => newMailOn(tier, distance)),
);

function newMailOn(tier: Tier, distance: Distance): Row {
  const name = named(`new-mail-${tier}`, distance);
  return { name, needs: ['dovecot'], run: (setting) => newMailRow(setting, name, tier, distance) };
}

function newMailRow(setting: Setting, name: string, tier: Tier, distance: Distance): Promise<RowResult> {
  const fresh = setting.scaled(1000);
  return follow(setting, {
    name,
    tier,
    distance,
    work: `${fresh.toLocaleString('en')} new messages, ${tier}, in`,
    change: async (server, { user }, round) => {
      const each = fresh / MAILBOXES;
      for (let number = 0; number < MAILBOXES; number++) {
        const seed = SEEDS[tier] + SEEDS[distance] + round * MAILBOXES + number;
        const messages = makeMessages({ seed, count: each, medianBytes: 1500 });
        await server.putMessages(user, mailboxName(number), messages);
      }
      // Whoever is first would otherwise wait for it alone.
      await warm(server, user);
    },
    count: { figure: 'added', of: () => Math.floor(fresh / MAILBOXES) * MAILBOXES },
  });
}

/** Each row adds messages of its own. */
const SEEDS = { qresync: 1000, condstore: 2000, plain: 3000, loopback: 0, far: 10_000 } as const;

/** The whole account, a long way off. */
export const nothingToDoMany: Row = {
  name: 'nothing-100k',
  needs: ['dovecot'],
  run: async (setting) => {
    const { mail, own, peer } = await backedUp(setting);
    const proxy = await link(setting, 'qresync');
    await reachThrough({ own, peer }, { port: proxy.port, user: mail.user });
    const contestants = [
      { who: MAILKEEP, command: () => own.command('sync', '--json') },
      ...(peer === null ? [] : [{ who: MBSYNC, command: () => peer.command() }]),
    ];
    const series = await setting.compete(contestants.map((contestant) => counted(contestant, proxy)));
    return {
      name: 'nothing-100k',
      work: `nothing to do in ${mail.messages.toLocaleString('en')} messages, round trip 100 ms`,
      series,
      goals: [...ratioGoal(series, MBSYNC, 0.3), ...tripGoals(series), ...memoryGoal(series)],
    };
  },
};

export const newFlags: readonly Row[] = DISTANCES.map((distance) => {
  const name = named('new-flags', distance);
  return {
    name,
    needs: ['dovecot'],
    run: (setting) =>
      follow(setting, {
        name,
        distance,
        work: '1 % of the flags changed of',
        begin: (server, mail) => mark(server, mail, 'remove'),
        change: (server, mail, round) => mark(server, mail, round % 2 === 0 ? 'add' : 'remove'),
        count: { figure: 'flags_changed', of: (mail) => marked(mail).length * MAILBOXES },
      }),
  };
});

/** Every hundredth message of a mailbox, so that the changes lie as scattered as people make them. */
function marked({ messages }: Mail): number[] {
  return Array.from({ length: Math.floor(messages / MAILBOXES / 100) }, (_, at) => (at + 1) * 100);
}

async function mark(server: Dovecot, mail: Mail, action: 'add' | 'remove'): Promise<void> {
  for (let number = 0; number < MAILBOXES; number++) {
    const query = ['mailbox', mailboxName(number), 'uid', marked(mail).join(',')];
    await server.doveadm('flags', action, '-u', mail.user, '\\Flagged', ...query);
  }
  await warm(server, mail.user);
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
      goals: [...secondsGoal(series, 0.5), ...memoryGoal(series), await indexSize(own, mail)],
    };
  },
};

/** Octets of index.db for each message: what every command reads, without the text that search keeps. */
async function indexSize(own: MailkeepHome, { messages }: Mail): Promise<Goal> {
  const { size } = await stat(join(own.folder, 'data', SOURCE, 'index.db'));
  return { what: 'index of one message', value: size / messages, unit: 'B', most: 1000 };
}

type Distance = 'loopback' | 'far';

function named(name: string, distance: Distance): string {
  return distance === 'far' ? `${name}-far` : name;
}

interface Follow {
  readonly name: string;
  readonly distance: Distance;
  /** What the server announces; default: all that it can do. */
  readonly tier?: Tier;
  readonly work: string;
  /** Before the first round; both contestants see it untimed. */
  readonly begin?: (server: Dovecot, mail: Mail) => Promise<void>;
  readonly change: (server: Dovecot, mail: Mail, round: number) => Promise<void>;
  readonly count: { readonly figure: 'added' | 'flags_changed'; readonly of: (mail: Mail) => number };
}

async function follow(
  setting: Setting,
  { name, distance, tier = 'qresync', work, begin, change, count }: Follow,
): Promise<RowResult> {
  const server = await setting.server();
  const { mail, own, peer } = await backedUp(setting);
  const proxy = distance === 'far' ? await link(setting, tier) : null;
  const { port } = proxy ?? (await announcing(setting, tier));
  await reachThrough({ own, peer }, { port, user: mail.user });
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
  const series = await setting.compete(
    proxy === null ? contestants : contestants.map((contestant) => counted(contestant, proxy)),
  );
  return {
    name,
    work: `${work} ${mail.messages.toLocaleString('en')}${proxy === null ? '' : ', round trip 100 ms'}`,
    series,
    goals: [...ratioGoal(series, MBSYNC, 0.5), ...memoryGoal(series)],
  };
}

/** The server itself, or another one for the same mail that announces less. */
async function announcing(setting: Setting, tier: Tier): Promise<Dovecot> {
  const server = await setting.server();
  if (tier === 'qresync') return server;
  return setting.shared(`a server that is ${tier}`, async () => {
    const extra = `${UNCOMPRESSED}\nmail_location = maildir:${server.folder}/mail/%u:LAYOUT=fs`;
    return setting.owned(await Dovecot.start({ tier, extra }), (it) => it.stop());
  });
}

/** To the server that announces so much, 100 ms there and back. */
async function link(setting: Setting, tier: Tier): Promise<DelayProxy> {
  const { port } = await announcing(setting, tier);
  return setting.shared(`a link of 100 ms to the server that is ${tier}`, async () =>
    setting.owned(await startDelayProxy({ port }, 50), (it) => it.close()),
  );
}

async function reachThrough(
  { own, peer }: { readonly own: MailkeepHome; readonly peer: MbsyncHome | null },
  reach: Reach,
): Promise<void> {
  await own.setAccount(SOURCE, reach);
  await peer?.configure(reach);
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
