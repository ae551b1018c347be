/**
 * The known word a mistyped one most likely stands for. It answers only when the two are close, since a
 * wrong suggestion costs more than none.
 */

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
  // Edit distance is quadratic, and no key is this long.
  if (wanted.length > 64) return null;
  const other = Object.hasOwn(OTHER_NAMES, wanted) ? OTHER_NAMES[wanted] : undefined;
  if (other !== undefined && known.includes(other)) return other;
  const farthest = Math.max(1, Math.floor(wanted.length / 3));
  let best: string | null = null;
  let bestDistance = farthest + 1;
  for (const candidate of known) {
    const distance = editDistance(wanted, comparable(candidate));
    if (distance < bestDistance && distance < candidate.length) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** "dataDir", "data-dir" and "DATA_DIR" are data_dir. */
function comparable(word: string): string {
  return word
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase();
}

/** Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1));
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (row > 1 && column > 1 && swapped) cost = Math.min(cost, beforeLast[column - 2]! + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length]!;
}
