// The first backup of a POP3 mailbox, beside getmail, which fetches message by message and
// delivers each in a process of its own: with other work on the machine its runs take a minute and more.

import { MailkeepHome } from '../contestants.js';
import { made, megabytes } from '../data.js';
import { GetmailHome } from '../getmail.js';
import { GETMAIL, MAILKEEP, memoryGoal, type Row, ratioGoal } from '../row.js';

export const firstPop3: Row = {
  name: 'first-pop3',
  needs: ['dovecot-pop3', 'getmail'],
  run: async (setting) => {
    const mail = await made(setting, {
      user: 'pop3',
      mailboxes: 1,
      messagesEach: setting.scaled(5000),
      medianBytes: 8000,
    });
    const { popPort } = await setting.server();
    const reach = { port: popPort, user: mail.user, protocol: 'pop3' } as const;
    const home = setting.owned(await MailkeepHome.make(reach), (it) => it.remove());
    const getmail = setting.owned(await GetmailHome.make(reach), (it) => it.remove());
    const series = await setting.compete([
      {
        who: MAILKEEP,
        prepare: () => home.forget(),
        command: () => home.command('sync', '--json'),
        verify: async ({ stdout }) => {
          const { accounts } = JSON.parse(stdout) as { accounts: { added: number }[] };
          if (accounts[0]?.added !== mail.messages) throw new Error(`mailkeep stored ${accounts[0]?.added}`);
          return undefined;
        },
      },
      {
        who: GETMAIL,
        prepare: () => getmail.forget(),
        command: () => getmail.command(),
        verify: async () => {
          const stored = await getmail.countMessages();
          if (stored !== mail.messages) throw new Error(`getmail stored ${stored} of ${mail.messages}`);
          return undefined;
        },
      },
    ]);
    return {
      name: 'first-pop3',
      work: `first backup of ${mail.messages.toLocaleString('en')} messages, ${megabytes(mail.octets)}, over POP3`,
      series,
      goals: [...ratioGoal(series, GETMAIL, 0.5), ...memoryGoal(series)],
    };
  },
};
