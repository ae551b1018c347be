// The first backup of a mailbox that is not small: everything travels, everything is hashed and made durable.

import { MailkeepHome, MbsyncHome, type Reach } from '../contestants.js';
import { hundred, type Mail, made, megabytes, twenty } from '../data.js';
import {
  MAILKEEP,
  MBSYNC,
  MBSYNC_UNSAFE,
  memoryGoal,
  type Row,
  type RowResult,
  ratioGoal,
  type Series,
} from '../row.js';
import type { Contestant, Setting } from '../setting.js';

export const firstBackup: Row = {
  name: 'first-20k',
  needs: ['dovecot'],
  run: async (setting) =>
    pull(setting, {
      name: 'first-20k',
      mail: await twenty(setting),
      rivals: [MBSYNC, MBSYNC_UNSAFE],
      goals: (series) => ratioGoal(series, MBSYNC, 0.5),
    }),
};

export const firstBackupSmall: Row = {
  name: 'first-100k',
  needs: ['dovecot'],
  run: async (setting) =>
    pull(setting, {
      name: 'first-100k',
      mail: await hundred(setting),
      rivals: [MBSYNC, MBSYNC_UNSAFE],
      goals: (series) => [...ratioGoal(series, MBSYNC, 0.5), ...ratioGoal(series, MBSYNC_UNSAFE, 1.3)],
    }),
};

export const firstBackupTls: Row = {
  name: 'first-tls',
  needs: ['dovecot'],
  run: async (setting) =>
    pull(setting, {
      name: 'first-tls',
      mail: await made(setting, {
        user: 'tls',
        mailboxes: 1,
        messagesEach: setting.scaled(5000),
        medianBytes: 10_000,
      }),
      tls: true,
      rivals: [MBSYNC],
      goals: (series) => ratioGoal(series, MBSYNC, 0.5),
    }),
};

interface Pull {
  readonly name: string;
  readonly mail: Mail;
  readonly tls?: boolean;
  readonly rivals: readonly string[];
  readonly goals: (series: readonly Series[]) => RowResult['goals'];
}

async function pull(setting: Setting, { name, mail, tls = false, rivals, goals }: Pull): Promise<RowResult> {
  const server = await setting.server();
  const reach: Reach = tls
    ? { port: server.tlsPort, user: mail.user, caFile: server.certificates.caFile }
    : { port: server.port, user: mail.user };
  const series = await setting.compete([
    await firstByMailkeep(setting, reach, mail.messages),
    ...(await Promise.all(
      (setting.hasMbsync ? rivals : []).map((who) => firstByMbsync(setting, who, reach, mail.messages)),
    )),
  ]);
  return {
    name,
    work: `first backup of ${mail.messages.toLocaleString('en')} messages, ${megabytes(mail.octets)}${tls ? ', over TLS' : ''}`,
    series,
    goals: [...goals(series), ...memoryGoal(series)],
  };
}

export async function firstByMailkeep(setting: Setting, reach: Reach, messages: number): Promise<Contestant> {
  const home = setting.owned(await MailkeepHome.make(reach), (it) => it.remove());
  return {
    who: MAILKEEP,
    prepare: () => home.forget(),
    command: () => home.command('sync', '--json'),
    verify: async ({ stdout }) => {
      const { accounts } = JSON.parse(stdout) as { accounts: { added: number; status: string }[] };
      const added = accounts[0]?.added;
      if (added !== messages) throw new Error(`mailkeep stored ${added} of ${messages} messages`);
      return undefined;
    },
  };
}

export async function firstByMbsync(
  setting: Setting,
  who: string,
  reach: Reach,
  messages: number,
): Promise<Contestant> {
  const home = setting.owned(await MbsyncHome.make(), (it) => it.remove());
  await home.configure(reach, { fsync: who !== MBSYNC_UNSAFE });
  return {
    who,
    prepare: () => home.forget(),
    command: () => home.command(),
    verify: async () => {
      const stored = await home.countMessages();
      if (stored !== messages) throw new Error(`mbsync stored ${stored} of ${messages} messages`);
      return undefined;
    },
  };
}
