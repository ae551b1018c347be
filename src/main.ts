/**
 * The process: signals become an AbortSignal, argv a verb, an error a sentence and an exit code. The only
 * place that ends the process.
 */
import { setMaxListeners } from 'node:events';
import { EXIT, exitCodeOfError } from './cli/exit-code.js';
import type { GlobalOptions, Verb } from './cli/io.js';
import { CommanderError, runProgram } from './cli/program.js';
import { errorReport, MailkeepError } from './core/errors.js';
import { fileProblem } from './core/text/file-problem.js';
import { printable, printableLines } from './core/text/printable.js';
import { versionAndCommit } from './wiring/version.js';

// Every file and folder is made with the mode it is to have; a umask may take nothing of it from the owner.
process.umask(process.umask(0o077) & 0o077);

const controller = new AbortController();
let stopped: { readonly by: 'SIGINT' | 'SIGTERM'; readonly at: number } | null = null;
// Every command in flight listens to the one signal.
setMaxListeners(0, controller.signal);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // Who asks twice does not want to wait; what is stored is safe whenever the process ends.
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    stopped = { by: signal, at: performance.now() };
    controller.abort();
  });
}
/** Why the output is not whole, whatever the work came to. */
let unsaid: NodeJS.ErrnoException | null = null;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (unsaid !== null) return;
  unsaid = error;
  // A reader that went away (mailkeep sync | head) has what it wanted, and the work goes on.
  if (error.code !== 'EPIPE')
    process.stderr.write(`mailkeep: cannot write the output: ${fileProblem(error)}\n`);
});
// Nobody hears it then; the work is the same.
process.stderr.on('error', () => {});
process.on('exit', () => {
  const isLost = unsaid !== null && unsaid.code !== 'EPIPE';
  if (isLost && process.exitCode === EXIT.ok) process.exitCode = EXIT.failed;
});

/** Behind the signal. */
const LOOKUP_GRACE_MS = 8000;

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
  // What still hangs on a dead network or disk now has had its time.
  setTimeout(leave, 1000).unref();
});

/**
 * Node does not exit before every name is looked up, and where no name server answers that can take a minute. Who
 * was told to stop dies of that signal then, which a service manager takes for a stop in good order.
 */
function leave(): void {
  const isLookingUp = process.getActiveResourcesInfo().includes('GetAddrInfoReqWrap');
  if (stopped === null || !isLookingUp) process.exit();
  const { by, at } = stopped;
  const die = () => {
    process.removeAllListeners(by);
    process.kill(process.pid, by);
  };
  setTimeout(die, Math.max(0, at + LOOKUP_GRACE_MS - performance.now())).unref();
}

async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.ok;
  const json = argv.includes('--json');
  try {
    await runProgram(argv, versionAndCommit(), async (options, run) => {
      code = await run(makeVerb(options));
    });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return usage(error, json);
    explain(error, json);
    return exitCodeOfError(error);
  }
}

function makeVerb(options: GlobalOptions): Verb {
  const around = {
    env: process.env,
    cwd: process.cwd(),
    clock: () => Date.now(),
    certificateEnds: new Map<string, number>(),
    warn: (message: string) => {
      if (!options.quiet) process.stderr.write(`mailkeep: warning: ${printable(message)}\n`);
    },
  };
  return {
    options,
    around,
    terminal: { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr },
    signal: controller.signal,
    onSignal: (signal, listener) => {
      process.on(signal, listener);
    },
    load: async () => {
      const [{ readConfig }, { Wiring }] = await Promise.all([
        import('./wiring/surroundings.js'),
        import('./wiring/wiring.js'),
      ]);
      const config = await readConfig(around, { file: options.config, dataDir: options.dataDir });
      return { config, wiring: new Wiring(config, around) };
    },
  };
}

/** Commander has said on stderr what was wrong already, except in JSON. */
function usage(error: CommanderError, json: boolean): number {
  if (error.exitCode === 0) return EXIT.ok;
  if (json) {
    // It has only written its help, and says no more than that.
    const message = error.code === 'commander.help' ? 'expected a command' : error.message;
    writeJsonError({ code: 'usage', message: message.replace(/^error: /, ''), hint: 'mailkeep --help' });
  }
  return EXIT.usage;
}

function explain(error: unknown, json: boolean): void {
  const { code, message, hint } = errorReport(error);
  if (json) {
    writeJsonError({ code, message, hint });
    return;
  }
  // Only mistakes of the command line and the config have lines that point at a place.
  const shown = code === 'usage' || code === 'config' ? printableLines : printable;
  process.stderr.write(`mailkeep: ${shown(message)}\n`);
  if (hint !== null) process.stderr.write(`  ${shown(hint)}\n`);
  if (!(error instanceof MailkeepError) && error instanceof Error)
    process.stderr.write(`${printableLines(error.stack ?? '')}\n`);
}

function writeJsonError(error: { code: string; message: string; hint: string | null }): void {
  process.stdout.write(`${JSON.stringify({ version: 1, error })}\n`);
}
