// One Dovecot for each tier, shared by the tests of a file; every test and engine has a user of its own.

import { afterAll, beforeAll, describe, test } from 'vitest';
import { type Archive, archiveLines, type Lines, serverLines } from '../support/archive.js';
import { Dovecot, describeWithDovecot } from '../support/dovecot.js';
import type { Tier } from '../support/dovecot-config.js';
import { type AccountSettings, ENGINES, type Engine, Mailkeep } from '../support/mailkeep.js';

export const TIERS: readonly Tier[] = ['qresync', 'condstore', 'plain'];

export interface Stage {
  readonly server: Dovecot;
  readonly user: string;
  readonly tier: Tier;
  readonly engine: Engine;
  /** A mailkeep for the user, removed after the test. */
  mailkeep(settings?: Partial<AccountSettings>): Promise<Mailkeep>;
}

type Play = (stage: Stage) => Promise<void>;

/** Runs each test in all three tiers with both engines. */
export function describeInEveryTier(name: string, tests: Readonly<Record<string, Play>>): void {
  describe.each(TIERS)(`${name}, %s`, (tier) => {
    describeWithDovecot('on Dovecot', () => {
      let server: Dovecot;
      let users = 0;
      beforeAll(async () => {
        server = await Dovecot.start({ tier });
      });
      afterAll(() => server?.stop());
      for (const [title, play] of Object.entries(tests)) {
        test.each(ENGINES)(`${title} (%s)`, async (engine) => {
          users += 1;
          const user = `user${users}`;
          const made: Mailkeep[] = [];
          const mailkeep = async (settings: Partial<AccountSettings> = {}) => {
            const account = { port: server.port, user, password: server.password, engine, ...settings };
            made.push(await Mailkeep.create(account));
            return made.at(-1)!;
          };
          try {
            await play({ server, user, tier, engine, mailkeep });
          } finally {
            for (const one of made) await one.remove();
          }
        });
      }
    });
  });
}

/** What a test compares: the folders that hold mail. */
export function filled(lines: Lines): Lines {
  return Object.fromEntries(Object.entries(lines).filter(([, messages]) => messages.length > 0));
}

export function archived(archive: Archive): Lines {
  return filled(archiveLines(archive));
}

export async function onServer({ server, user }: Stage, without: readonly string[] = []): Promise<Lines> {
  const lines = filled(serverLines(await server.state(user)));
  for (const mailbox of without) delete lines[mailbox];
  return lines;
}
