// Whatever the umask of who starts the command: folders of the archive are 0700 and files 0600, and the next command
// can work with them.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ImapServer } from '../support/imap-server/server.js';
import { Mailkeep } from '../support/mailkeep.js';
import { markedMessage } from '../support/messages.js';

const PASSWORD = 'Sesam-oeffne-dich-7f3a';

describe('the modes in an archive', () => {
  test.each(['000', '077', '177', '777'])("are the owner's alone under umask %s", async (umask) => {
    const server = await ImapServer.start({ users: { mina: PASSWORD } });
    try {
      server.store('mina').inbox.append({ body: markedMessage('one'), flags: ['\\Seen', 'urgent'] });
      await using mailkeep = await Mailkeep.create({ port: server.port, user: 'mina', password: PASSWORD });
      mailkeep.starter = ['sh', '-c', `umask ${umask}; exec "$@"`, 'sh'];
      expect((await mailkeep.run('sync', '--index')).code).toBe(0);
      server.store('mina').inbox.expunge([1]);
      expect((await mailkeep.run('sync')).code).toBe(0);
      expect((await mailkeep.run('restore', 'personal', 'is:removed', '--in-place')).code).toBe(0);

      const data = join(mailkeep.folder, 'data');
      const names = readdirSync(data, { recursive: true, encoding: 'utf8' });
      expect(names.filter((name) => name.endsWith(':2,S') || name.endsWith(':2,Sa'))).toHaveLength(1);
      const wrong = names.flatMap((name) => {
        const { mode } = statSync(join(data, name));
        const wanted = statSync(join(data, name)).isDirectory() ? 0o700 : 0o600;
        return (mode & 0o777) === wanted ? [] : [`${name}: ${(mode & 0o777).toString(8)}`];
      });
      expect(wrong).toEqual([]);
    } finally {
      await server.close();
    }
  });
});
