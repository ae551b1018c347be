/**
 * The configuration that `mailkeep init` writes: one account, with a comment at each key that says what else it
 * could be. Every text of the answers is quoted, so whatever a person types stays one value.
 */
import { PROVIDERS, type ProviderName } from './providers.js';

export interface StarterAnswers {
  readonly name: string;
  readonly user: string;
  readonly protocol: 'imap' | 'pop3';
  /** Fills in host, port and tls. */
  readonly provider: ProviderName | null;
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls' | 'none';
  readonly tlsCaFile: string | null;
  readonly credential: StarterCredential;
  /** Mailboxes that are left out. */
  readonly exclude: readonly string[];
  readonly dataDir: string;
  /** A cron expression, or `off`. */
  readonly schedule: string;
}

export type StarterCredential =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'command'; readonly command: string }
  /** Only for trying a sign-in before anything is written. */
  | { readonly kind: 'password'; readonly password: string };

export function starterConfig(answers: StarterAnswers): string {
  const { name, user, dataDir, schedule } = answers;
  return `# The configuration of mailkeep, written by mailkeep init. The file config.example.yaml, which comes with
# mailkeep, shows every key. Keep this file to yourself (chmod 600).

# Where the archive is.
data_dir: ${quoted(dataDir)}

# When mailkeep daemon backs up: minute, hour, day of month, month, day of week; or "off".
schedule: ${quoted(schedule)}

accounts:
  - name: ${quoted(name)} # also the folder's name below data_dir
${serverLines(answers)}
    user: ${quoted(user)}
${credentialLines(answers.credential)}
${answers.protocol === 'pop3' ? POP3_LINES : folderLines(answers)}
`;
}

/** POP3 has one mailbox. */
const POP3_LINES = `    # Nothing is ever deleted from the server, unless this says how long mail that is stored here stays there: 30d.
    pop3:
      delete_after: never`;

function folderLines({ exclude }: StarterAnswers): string {
  return `    # Mailboxes that are left out, by name; * and ? stand for parts of a name, "Trash/**" for all below Trash.
    # A mailbox that is new on the server is backed up unless it is named here.
    folders:
      exclude: [${exclude.map(quoted).join(', ')}]`;
}

function serverLines({ protocol, provider, host, port, tls, tlsCaFile }: StarterAnswers): string {
  const ca = tlsCaFile === null ? [] : [`    tls_ca_file: ${quoted(tlsCaFile)} # the server's own authority`];
  const pop3 = protocol === 'pop3' ? ['    protocol: pop3'] : [];
  const profile = provider === null ? null : PROVIDERS[provider][protocol];
  if (profile !== null) {
    const place = `${profile.host}:${profile.port}, tls: ${profile.tls}`;
    return [...pop3, `    provider: ${provider} # ${place}`, ...ca].join('\n');
  }
  return [
    ...pop3,
    `    host: ${quoted(host)}`,
    `    port: ${port}`,
    `    tls: ${tls} # implicit | starttls | none`,
    ...ca,
  ].join('\n');
}

function credentialLines(credential: StarterCredential): string {
  switch (credential.kind) {
    case 'file':
      return `    password_file: ${quoted(credential.path)} # the password alone; chmod 600`;
    case 'command':
      return `    password_command: ${quoted(credential.command)} # prints the password; runs without a shell`;
    case 'password':
      return `    password: ${quoted(credential.password)}`;
  }
}

/** JSON is YAML, and leaves no doubt about quoting. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
