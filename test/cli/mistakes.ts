// Mistakes that people make, each with the command line or the config that has it. mistakes.test.ts holds what the
// program says to them; mistakes.expected.json is what it said when a person last read it.

export interface Mistake {
  readonly name: string;
  readonly args: readonly string[];
  /** Keys of the account, or other values for those it has. */
  readonly keys?: Readonly<Record<string, unknown>>;
  /** Keys of the top level. */
  readonly top?: Readonly<Record<string, unknown>>;
  /** The config as text instead. */
  readonly config?: string;
}

const SYNC = ['sync'];

export const MISTAKES: readonly Mistake[] = [
  { name: 'a command that does not exist', args: ['synk'] },
  { name: 'an option that does not exist', args: ['sync', '--dryrun'] },
  { name: 'an option without its value', args: ['sync', '--mailbox'] },
  { name: 'a log level that does not exist', args: ['--log-level', 'loud', 'status'] },
  { name: 'a data folder that is an empty word', args: ['--data-dir', '', 'sync'] },
  { name: 'an account that does not exist', args: ['sync', 'nobody'] },
  { name: 'an account that is nearly right', args: ['sync', 'personl'] },
  { name: 'no account where one is needed', args: ['restore'] },
  { name: 'restore with two targets', args: ['restore', 'personal', '--in-place', '--prefix', 'X'] },
  { name: 'restore below no mailbox', args: ['restore', 'personal', '--prefix', '/'] },
  { name: 'restore to an unknown account', args: ['restore', 'personal', '--to', 'other'] },
  { name: 'export without a format', args: ['export', 'personal', '--to', 'out'] },
  { name: 'export in an unknown format', args: ['export', 'personal', '--format', 'pst', '--to', 'out'] },
  {
    name: 'export to a place that is taken',
    args: ['export', 'personal', '--format', 'mbox', '--to', 'config.yaml'],
  },
  { name: 'search without words', args: ['search'] },
  { name: 'a query with an unknown field', args: ['search', 'form:ada'] },
  { name: 'a query with a quote that stays open', args: ['search', '"annual report'] },
  { name: 'a query with a date that is none', args: ['search', 'after:soon'] },
  { name: 'a query with a size that is none', args: ['search', 'larger:big'] },
  { name: 'a limit that is no number', args: ['search', 'x', '--limit', 'all'] },
  { name: 'a time that is none', args: ['status', '--at', 'yesterday'] },
  { name: 'a run that was never made', args: ['status', '--at', '999'] },
  { name: 'an ID that is too short', args: ['show', 'abc'] },
  { name: 'an ID that nothing has', args: ['show', 'ffffffffffff'] },
  { name: 'a share that is none', args: ['check', '--read-data=lots%'] },
  { name: 'notify without --test', args: ['notify'] },
  { name: 'notify where nobody is to be told', args: ['notify', '--test'] },
  { name: 'completion for an unknown shell', args: ['completion', 'tcsh'] },
  { name: 'init without a terminal and without options', args: ['init', '--config', 'new.yaml'] },
  {
    name: 'init over a config that is there',
    args: ['init', '--email', 'me@gmail.com', '--password-file', 'pw'],
  },
  { name: 'a port that is none', args: ['init', '--port', '70000'] },
  { name: 'a config that is not there', args: ['--config', 'nowhere.yaml', 'sync'] },
  { name: 'a config that is a folder', args: ['--config', 'data', 'sync'] },
  { name: 'a config that is no YAML', args: SYNC, config: 'accounts: [\n' },
  { name: 'an empty config', args: SYNC, config: '' },
  { name: 'a key that is mistyped', args: SYNC, keys: { pasword_file: 'x' } },
  { name: 'a value of the wrong type', args: SYNC, keys: { port: 'imap' } },
  { name: 'a schedule that is none', args: SYNC, top: { schedule: 'every hour' } },
  { name: 'two credentials', args: SYNC, keys: { password_env: 'PASSWORD' } },
  { name: 'no encryption to another machine', args: SYNC, keys: { host: 'imap.example.org' } },
  {
    name: 'a password file that is not there',
    args: SYNC,
    keys: { password: undefined, password_file: 'pw' },
  },
  {
    name: 'a password command that fails',
    args: SYNC,
    keys: { password: undefined, password_command: 'false' },
  },
  { name: 'a variable that is not set', args: SYNC, keys: { password: undefined, password_env: 'NO_SUCH' } },
  { name: 'a password that is refused', args: SYNC, keys: { password: 'mistyped-password' } },
  { name: 'a port where nobody listens', args: SYNC, keys: { port: 1 } },
  { name: 'a host that does not exist', args: SYNC, keys: { host: 'imap.invalid', allow_insecure: true } },
  { name: 'a data_dir that is a file', args: [...SYNC, '--data-dir', 'config.yaml'] },
  { name: 'an archive that is not there', args: ['status', '--data-dir', 'elsewhere'] },
  { name: 'one account too many', args: ['accept', 'personal', 'work'] },
  { name: 'accounts with a comma', args: ['sync', 'personal,work'] },
  { name: 'every account disabled', args: SYNC, keys: { enabled: false } },
  { name: 'an export into the archive', args: ['export', 'personal', '--format', 'eml', '--to', 'data/x'] },
  { name: 'attachments into a file', args: ['attachments', '--to', 'config.yaml'] },
  { name: 'a day that the calendar lacks', args: ['status', '--at', '2026-13-45'] },
  { name: 'a part that a message lacks', args: ['show', 'ONE', '--part', '99'] },
  { name: 'two forms of one message', args: ['show', 'ONE', '--raw', '--headers'] },
  { name: 'OAuth2 for an account with a password', args: ['auth', 'personal'] },
  { name: 'two ways to repair', args: ['repair', '--rebuild-index', '--accept-lost'] },
  { name: 'an import from nowhere', args: ['import', 'maildir', 'personal', 'nowhere'] },
  { name: 'an import of what is no Maildir', args: ['import', 'maildir', 'personal', '/usr/share/doc'] },
  { name: 'an import of the archive itself', args: ['import', 'maildir', 'personal', 'data/personal'] },
  { name: 'a word to leave out without --', args: ['search', '-word'] },
  { name: 'has: with something else', args: ['search', 'has:pdf'] },
  { name: 'is: with something else', args: ['search', 'is:unread'] },
  { name: 'a URL as host', args: SYNC, keys: { host: 'https://imap.example.org' } },
  { name: 'TLS at a port without TLS', args: SYNC, keys: { tls: 'implicit' } },
  { name: 'STARTTLS that the server does not have', args: SYNC, keys: { tls: 'starttls' } },
  { name: 'folders as a list', args: SYNC, keys: { folders: ['INBOX'] } },
  { name: 'an account without a user', args: SYNC, keys: { user: undefined } },
  { name: 'an account name with a slash', args: SYNC, keys: { name: 'a/b' } },
  { name: 'a provider that is mistyped', args: SYNC, keys: { provider: 'gmial' } },
  { name: 'a minute that no hour has', args: SYNC, top: { schedule: '61 * * * *' } },
  { name: 'a retention with a space', args: SYNC, top: { retention: { removed: '1 year' } } },
  { name: 'an address without a port', args: SYNC, top: { http: { listen: '8025' } } },
  { name: 'a tab in the config', args: SYNC, config: 'accounts:\n\t- name: x\n' },
  { name: 'no accounts', args: SYNC, config: 'accounts: []\n' },
  {
    name: 'a password file that is a folder',
    args: SYNC,
    keys: { password: undefined, password_file: 'data' },
  },
  {
    name: 'a password command that is not installed',
    args: SYNC,
    keys: { password: undefined, password_command: 'no-such-program x' },
  },
];
