// One message larger than the memory that mailkeep may use.

import { megabytes, warm } from '../data.js';
import { MBSYNC, memoryGoal, type Row } from '../row.js';
import { firstByMailkeep, firstByMbsync } from './first-backup.js';

export const largeMessage: Row = {
  name: 'large-message',
  needs: ['dovecot'],
  run: async (setting) => {
    const server = await setting.server();
    const octets = setting.scaled(300_000_000);
    await setting.shared('mail of large', async () => {
      await server.putMessages('large', 'INBOX', [{ body: oneLarge(octets) }]);
      await warm(server, 'large');
    });
    const reach = { port: server.port, user: 'large' };
    const series = await setting.compete([
      await firstByMailkeep(setting, reach, 1),
      ...(setting.hasMbsync ? [await firstByMbsync(setting, MBSYNC, reach, 1)] : []),
    ]);
    return {
      name: 'large-message',
      work: `one message of ${megabytes(octets)}`,
      series,
      goals: memoryGoal(series, 150),
    };
  },
};

function oneLarge(octets: number): Buffer {
  const header = 'Message-ID: <large@example.org>\r\nSubject: large\r\nContent-Type: text/plain\r\n\r\n';
  const line = `${'0123456789abcdef'.repeat(4)}\r\n`;
  const body = Buffer.alloc(octets, line);
  body.write(header, 'latin1');
  return body;
}
