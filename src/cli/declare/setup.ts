/** The verbs of the first minutes, and of those when something is wrong: init, doctor, completion. */
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import type { ProposalFlags, Shell } from '../completion.js';
import { type Run, verb } from './declaration.js';

export function declareSetup(program: Command, run: Run): void {
  verb(
    program,
    'init',
    [0, 1, 2, 12, 75, 130],
    [
      'mailkeep init',
      'mailkeep init --email me@gmail.com --password-command "pass show mail/me" --yes',
      'mailkeep init --email me@example.org --host imap.example.org --password-file pw --yes',
      'mailkeep init --email me@example.org --discover --password-file pw --yes',
      'mailkeep init --protocol pop3 --email me@example.org --host pop.example.org --password-file pw --yes',
    ],
  )
    .summary('asks a few questions and writes a config')
    .description(
      'Asks for the address, finds the server, tries the sign-in, lets you choose mailboxes and a schedule, and writes a commented config that only you can read. Until the end nothing is written. With --yes, --json or without a terminal nothing is asked: then the options say all.',
    )
    .option('--email <address>', 'the mail address; also the user, unless --user says otherwise')
    .option('--name <account>', 'what the account is called (default: the user)')
    .addOption(
      new Option(
        '--protocol <protocol>',
        'imap, or pop3 where there is nothing else (default: imap)',
      ).choices(['imap', 'pop3']),
    )
    .option('--host <host>', 'the server (default: that of the provider)')
    .option('--port <port>', 'its port (default: by provider and --tls)', portNumber)
    .addOption(
      new Option('--tls <mode>', 'implicit, starttls or none').choices(['implicit', 'starttls', 'none']),
    )
    .option('--tls-ca-file <file>', "the server's own authority, a PEM file")
    .option('--discover', 'ask the domain for its server, where no provider is known', false)
    .option('--user <user>', 'the user name for the sign-in')
    .addOption(
      new Option('--password-file <file>', 'a file with the password alone').conflicts('passwordCommand'),
    )
    .option('--password-command <command>', 'a command that prints the password')
    .option('--schedule <cron>', 'when the daemon backs up, or off (default: every 15 minutes)')
    .option('--yes', 'ask nothing, take what is proposed', false)
    .option('--force', 'replace a config that is there', false)
    .action((flags: InitFlags) => run(async (v) => (await import('../init.js')).init(v, flags)));

  verb(program, 'doctor', [0, 1, 2, 3, 12, 75, 130], ['mailkeep doctor', 'mailkeep doctor personal --json'])
    .summary('looks at everything that can be in the way')
    .description(
      'Looks at the program, the config, permissions and the disk; then for each account at the way to the server, TLS, the sign-in, what the server can do, which mailboxes are in or out and why, and at the archive. Says of each what to do. Changes nothing; works with a broken config and without a server.',
    )
    .argument('[account...]', 'accounts (default: all that are enabled)')
    .action((names: string[]) => run(async (v) => (await import('../doctor.js')).doctor(v, names)));

  verb(
    program,
    'completion',
    [0, 2],
    [
      'source <(mailkeep completion bash)',
      'mailkeep completion fish > ~/.config/fish/completions/mailkeep.fish',
    ],
  )
    .summary('prints a completion script')
    .description(
      'Prints a script that completes commands, options, accounts and mailboxes. For bash and zsh source it in ~/.bashrc or, after compinit, in ~/.zshrc; for fish put it into the folder of completions.',
    )
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(['bash', 'zsh', 'fish']))
    .action((shell: Shell) => run(async (v) => (await import('../completion.js')).completion(v, shell)));

  // The scripts call it; a person never has to.
  program
    .command('__complete', { hidden: true })
    .argument('[word...]')
    .option('--breaks <characters>')
    .action((words: string[], flags: ProposalFlags) =>
      run(async (v) => (await import('../completion.js')).proposals(v, program, words, flags)),
    );
}

export interface InitFlags {
  readonly email?: string;
  readonly name?: string;
  readonly protocol?: 'imap' | 'pop3';
  readonly host?: string;
  readonly port?: number;
  readonly tls?: 'implicit' | 'starttls' | 'none';
  readonly tlsCaFile?: string;
  readonly discover: boolean;
  readonly user?: string;
  readonly passwordFile?: string;
  readonly passwordCommand?: string;
  readonly schedule?: string;
  readonly yes: boolean;
  readonly force: boolean;
}

function portNumber(text: string): number {
  const value = Number(text);
  if (!/^\d{1,5}$/.test(text) || value < 1 || value > 65_535)
    throw new InvalidArgumentError('expected a port from 1 to 65535.');
  return value;
}
