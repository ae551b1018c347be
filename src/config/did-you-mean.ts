/**
 * The key a mistyped one most likely stands for: what other programs call it, or a name that is close.
 */
import { closestWord } from '../core/text/closest-word.js';

/** What other programs call our keys. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  username: 'user',
  login: 'user',
  server: 'host',
  hostname: 'host',
  pass: 'password',
  passwd: 'password',
  pass_cmd: 'password_command',
  passwordeval: 'password_command',
  ssl: 'tls',
  starttls: 'tls',
  ssl_type: 'tls',
  mailboxes: 'folders',
  patterns: 'folders',
  interval: 'schedule',
  cron: 'schedule',
  idle: 'watch',
  type: 'protocol',
  account: 'accounts',
  proto: 'protocol',
  data: 'data_dir',
  url: 'host',
};

export function didYouMean(word: string, known: readonly string[]): string | null {
  const wanted = comparable(word);
  const other = Object.hasOwn(OTHER_NAMES, wanted) ? OTHER_NAMES[wanted] : undefined;
  if (other !== undefined && known.includes(other)) return other;
  const closest = closestWord(wanted, known.map(comparable));
  return known.find((name) => comparable(name) === closest) ?? null;
}

/** "dataDir", "data-dir" and "DATA_DIR" are data_dir. */
function comparable(word: string): string {
  return word
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase();
}
