/**
 * Part of the build, and of an installation: the program runs once - a backup from a server that is not there, in a
 * folder of its own - and what V8 has compiled by then is kept for every run to come. Whatever fails here costs
 * only the head start.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CODE_CACHE, compile, run } from './compiled.js';

const folder = mkdtempSync(join(tmpdir(), 'mailkeep-warm-up-'));
const config = join(folder, 'config.yaml');
const account = { name: 'nobody', host: '127.0.0.1', port: 1, tls: 'none', user: 'nobody', password: 'none' };
writeFileSync(config, JSON.stringify({ data_dir: join(folder, 'data'), accounts: [account] }), {
  mode: 0o600,
});
process.argv.splice(2, Infinity, '--config', config, 'sync', '--json');
process.stdout.write = () => true;

const script = compile(undefined);
process.on('exit', () => {
  process.exitCode = 0;
  rmSync(folder, { recursive: true, force: true });
  const partial = `${CODE_CACHE}.${process.pid}`;
  try {
    writeFileSync(partial, script.createCachedData());
    renameSync(partial, CODE_CACHE);
  } catch {
    rmSync(partial, { force: true });
  }
});
run(script);
