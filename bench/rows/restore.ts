// The way back: an archive into an empty account, against mbsync pushing its copy of the same mail.

import { MailkeepHome, MbsyncHome, SOURCE } from '../contestants.js';
import { megabytes, twenty } from '../data.js';
import { MAILKEEP, MBSYNC, memoryGoal, type Row, ratioGoal } from '../row.js';
import type { Contestant } from '../setting.js';

export const restoreAll: Row = {
  name: 'restore-20k',
  needs: ['dovecot'],
  run: async (setting) => {
    const server = await setting.server();
    const mail = await twenty(setting);
    const source = { port: server.port, user: mail.user };
    const own = setting.owned(await MailkeepHome.make(source), (it) => it.remove());
    await setting.run(own.command('sync'));
    const target = (who: string, round: number) => ({ port: server.port, user: `${who}-${round}` });
    const contestants: Contestant[] = [
      {
        who: MAILKEEP,
        prepare: (round) => own.setAccount('target', target('restored', round)),
        command: () => own.command('restore', SOURCE, '--to', 'target', '--in-place', '--json'),
        verify: async (_, round) => {
          await arrived(target('restored', round).user);
          return undefined;
        },
      },
    ];
    if (setting.hasMbsync) {
      const pulled = setting.owned(await MbsyncHome.make(), (it) => it.remove());
      await pulled.configure(source, { fsync: false });
      await setting.run(pulled.command());
      const peer = setting.owned(await MbsyncHome.make(), (it) => it.remove());
      contestants.push({
        who: MBSYNC,
        prepare: async (round) => {
          await peer.copyMail(pulled);
          await peer.configure(target('pushed', round), { direction: 'Push' });
        },
        command: () => peer.command(),
        verify: async (_, round) => {
          await arrived(target('pushed', round).user);
          return undefined;
        },
      });
    }
    const series = await setting.compete(contestants);
    return {
      name: 'restore-20k',
      work: `restore of ${mail.messages.toLocaleString('en')} messages, ${megabytes(mail.octets)}`,
      series,
      goals: [...ratioGoal(series, MBSYNC, 0.5), ...memoryGoal(series)],
    };

    async function arrived(user: string): Promise<void> {
      const said = await server.doveadm('mailbox', 'status', '-t', '-u', user, 'messages', '*');
      const count = Number(/messages=(\d+)/.exec(said)?.[1]);
      if (count !== mail.messages) throw new Error(`${count} of ${mail.messages} messages arrived`);
    }
  },
};
