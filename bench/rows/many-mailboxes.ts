// Many small mailboxes far away: what counts is the number of round trips, which a delaying proxy makes visible.

import { type DelayProxy, startDelayProxy } from '../../test/support/delay-proxy.js';
import { MailkeepHome, MbsyncHome, type Reach } from '../contestants.js';
import { made } from '../data.js';
import {
  figureGoal,
  MAILKEEP,
  MBSYNC,
  memoryGoal,
  type Row,
  ratioGoal,
  type Series,
  secondsGoal,
} from '../row.js';
import type { Contestant, Setting } from '../setting.js';
import { firstByMailkeep, firstByMbsync } from './first-backup.js';

export const firstFarAway: Row = {
  name: 'first-201-mailboxes',
  needs: ['dovecot'],
  run: async (setting) => {
    const { reach, messages, mailboxes, proxy } = await farAway(setting, MANY, 50);
    const series = await setting.compete(
      (
        await Promise.all([
          firstByMailkeep(setting, reach, messages),
          ...(setting.hasMbsync ? [firstByMbsync(setting, MBSYNC, reach, messages)] : []),
        ])
      ).map((contestant) => counted(contestant, proxy)),
    );
    return {
      name: 'first-201-mailboxes',
      work: `first backup of ${mailboxes} mailboxes with ${messages.toLocaleString('en')} messages, round trip 50 ms`,
      series,
      goals: [...secondsGoal(series, 1.5), ...memoryGoal(series)],
    };
  },
};

export const nothingToDo: Row = {
  name: 'nothing-201-mailboxes',
  needs: ['dovecot'],
  run: async (setting) => {
    const { series, mailboxes } = await noOp(setting, MANY, 50);
    return {
      name: 'nothing-201-mailboxes',
      work: `nothing to do in ${mailboxes} mailboxes, round trip 50 ms`,
      series,
      goals: [...tripGoals(series), ...memoryGoal(series)],
    };
  },
};

export const nothingToDoFew: Row = {
  name: 'nothing-24-mailboxes',
  needs: ['dovecot'],
  run: async (setting) => {
    const { series, mailboxes } = await noOp(setting, FEW, 100);
    return {
      name: 'nothing-24-mailboxes',
      work: `nothing to do in ${mailboxes} mailboxes, round trip 100 ms`,
      series,
      goals: [...ratioGoal(series, MBSYNC, 0.2), ...tripGoals(series), ...memoryGoal(series)],
    };
  },
};

interface Shape {
  readonly user: string;
  readonly mailboxes: number;
}

const MANY: Shape = { user: 'many', mailboxes: 201 };
const FEW: Shape = { user: 'few', mailboxes: 24 };

async function farAway(setting: Setting, { user, mailboxes }: Shape, roundTripMs: number) {
  const server = await setting.server();
  const scaled = setting.scaled(mailboxes);
  const mail = await made(setting, { user, mailboxes: scaled, messagesEach: 20, medianBytes: 2000 });
  const proxy = await setting.shared(`a link of ${roundTripMs} ms`, async () =>
    setting.owned(await startDelayProxy({ port: server.port }, roundTripMs / 2), (it) => it.close()),
  );
  const reach: Reach = { port: proxy.port, user: mail.user };
  return { reach, messages: mail.messages, mailboxes: scaled, proxy };
}

async function noOp(setting: Setting, shape: Shape, roundTripMs: number) {
  const { reach, mailboxes, proxy } = await farAway(setting, shape, roundTripMs);
  const own = setting.owned(await MailkeepHome.make(reach), (it) => it.remove());
  await setting.run(own.command('sync'));
  const contestants: Contestant[] = [{ who: MAILKEEP, command: () => own.command('sync', '--json') }];
  if (setting.hasMbsync) {
    const peer = setting.owned(await MbsyncHome.make(), (it) => it.remove());
    await peer.configure(reach);
    await setting.run(peer.command());
    contestants.push({ who: MBSYNC, command: () => peer.command() });
  }
  const series = await setting.compete(contestants.map((contestant) => counted(contestant, proxy)));
  return { series, mailboxes };
}

/** Adds what the link saw. */
export function counted(contestant: Contestant, proxy: DelayProxy): Contestant {
  return {
    ...contestant,
    prepare: async (round) => {
      await contestant.prepare?.(round);
      proxy.resetTraffic();
    },
    verify: async (sample, round) => {
      const { roundTrips, bytesUp, bytesDown } = proxy.traffic();
      return { ...(await contestant.verify?.(sample, round)), roundTrips, octets: bytesUp + bytesDown };
    },
  };
}

export function tripGoals(series: readonly Series[]) {
  return [
    ...figureGoal(series, 'roundTrips', { what: 'round trips', unit: '', most: 10 }),
    ...figureGoal(series, 'octets', { what: 'octets on the link', unit: 'B', most: 64_000 }),
  ];
}
