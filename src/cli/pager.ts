/** Long text on a terminal goes through $PAGER, as in other programs; anywhere else it goes straight out. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { print, type Verb } from './io.js';

/** `text` must be safe for a terminal. */
export async function page(verb: Verb, text: string): Promise<void> {
  const { stdout } = verb.terminal;
  const pager = verb.around.env.PAGER ?? 'less';
  if (
    stdout.isTTY !== true ||
    pager === '' ||
    pager === 'cat' ||
    text.split('\n').length < (stdout.rows ?? 24)
  ) {
    print(verb, text);
    return;
  }
  // F and X as git has them: short text stays on the screen.
  const child = spawn('sh', ['-c', pager], {
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { ...verb.around.env, LESS: verb.around.env.LESS ?? 'FX' },
  });
  // A pager that is left before the end takes no more.
  child.stdin.on('error', () => undefined);
  child.stdin.end(`${text}\n`);
  const [code] = (await once(child, 'close')) as [number | null];
  // 127: there is no such pager.
  if (code === 127) print(verb, text);
}
