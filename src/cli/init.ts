/**
 * `mailkeep init`: from a mail address to a configuration that works. The sign-in is tried before anything is
 * written, and what is written is the very text that was tried.
 */
import { dirname, join, resolve } from 'node:path';
import type { StarterAnswers } from '../config/starter-config.js';
import { errorReport, InterruptedError, MailkeepError, throwIfAborted, UsageError } from '../core/errors.js';
import { shellWord } from '../core/text/command-words.js';
import {
  isThere,
  type ServerFacts,
  setupDataDir,
  setupFile,
  tryAnswers,
  writeSetup,
} from '../wiring/init.js';
import type { InitFlags } from './declare/setup.js';
import { EXIT } from './exit-code.js';
import { formatCount } from './format.js';
import { answersWithoutQuestions, caFileOf, credentialOf, LEFT, nameOf } from './init-answers.js';
import type { Questions } from './init-questions.js';
import { note, print, printJson, type Verb } from './io.js';

export async function init(verb: Verb, flags: InitFlags): Promise<number> {
  const file = setupFile(verb.around, verb.options.config);
  const { stdin, stderr } = verb.terminal;
  const mayAsk = stdin.isTTY === true && stderr.isTTY === true && !flags.yes && !verb.options.json;
  try {
    return mayAsk ? await withQuestions(verb, flags, file) : await withoutQuestions(verb, flags, file);
  } catch (error) {
    // Whatever it was in when the signal came: writing is the last thing, and is not interrupted.
    if (error instanceof InterruptedError && verb.signal.aborted) throw new InterruptedError(LEFT);
    throw error;
  }
}

async function withoutQuestions(verb: Verb, flags: InitFlags, file: string): Promise<number> {
  if (isThere(file) && !flags.force) {
    throw new UsageError(
      `${file} is there already`,
      'it was left as it is; --force replaces it, --config names another place',
    );
  }
  const answers = await answersWithoutQuestions(verb, flags);
  const facts = await tryAnswers(verb.around, file, answers, verb.signal);
  writeSetup(verb.around, file, answers, null);
  return conclude(verb, file, answers, facts);
}

async function withQuestions(verb: Verb, flags: InitFlags, file: string): Promise<number> {
  const { Questions } = await import('./init-questions.js');
  const questions = new Questions(verb);
  questions.begin(file);
  if (isThere(file) && !flags.force && !(await questions.replace(file)))
    throw new InterruptedError(`${file} was left as it is`);
  const { answers, facts } = await signedIn(verb, flags, file, questions);
  const hasChoice = facts !== null && facts.mailboxes.length > 0 && answers.protocol === 'imap';
  const exclude = hasChoice ? await questions.leftOut(facts) : [];
  const proposed = setupDataDir(verb.around, verb.options.dataDir);
  const dataDir = verb.options.dataDir ?? homely(verb, await questions.dataDir(proposed));
  const schedule = flags.schedule ?? (await questions.schedule());
  throwIfAborted(verb.signal);
  const complete = { ...answers, exclude, dataDir: resolve(verb.around.cwd, dataDir), schedule };
  const { credential } = complete;
  if (credential.kind === 'password') {
    const name = `${complete.name}.password`;
    writeSetup(
      verb.around,
      file,
      { ...complete, credential: { kind: 'file', path: name } },
      { file: join(dirname(file), name), text: credential.password },
    );
  } else writeSetup(verb.around, file, complete, null);
  return conclude(verb, file, complete, facts);
}

/** Asks until a sign-in works, or until a person wants it written all the same. */
async function signedIn(
  verb: Verb,
  flags: InitFlags,
  file: string,
  questions: Questions,
): Promise<{ answers: StarterAnswers; facts: ServerFacts | null }> {
  const email = flags.email ?? (await questions.email());
  let server = await questions.server(flags, email);
  let user = flags.user ?? (server.provider === null ? await questions.user(email) : email);
  let credential = credentialOf(verb, flags) ?? (await questions.credential(email, server));
  let tlsCaFile = caFileOf(verb, flags);
  for (;;) {
    const answers: StarterAnswers = {
      name: nameOf(flags, user),
      user,
      ...server,
      tlsCaFile,
      credential,
      exclude: [],
      dataDir: setupDataDir(verb.around, verb.options.dataDir),
      schedule: 'off',
    };
    try {
      questions.say(`Signing in to ${server.host} ...`);
      const facts = await tryAnswers(verb.around, file, answers, verb.signal);
      questions.say(`Signed in; ${formatCount(facts.mailboxes.length, 'mailbox', 'mailboxes')}.`);
      return { answers, facts };
    } catch (error) {
      if (error instanceof InterruptedError || !(error instanceof MailkeepError)) throw error;
      const next = await questions.afterFailure(errorReport(error));
      if (next === 'write') return { answers, facts: null };
      if (next === 'password') credential = await questions.credential(email, server);
      else if (next === 'ca') tlsCaFile = homely(verb, await questions.caFile());
      else {
        server = await questions.server(flags, email, server);
        user = await questions.user(user);
      }
    }
  }
}

/** A "~/" that was typed at a question has met no shell. */
function homely({ around }: Verb, path: string): string {
  const { HOME } = around.env;
  const whole = HOME !== undefined && path.startsWith('~/') ? join(HOME, path.slice(2)) : path;
  return resolve(around.cwd, whole);
}

function conclude(verb: Verb, file: string, answers: StarterAnswers, facts: ServerFacts | null): number {
  const usual = file === setupFile(verb.around, null);
  const mailkeep = usual ? 'mailkeep' : `mailkeep --config ${shellWord(file)}`;
  const next = [`${mailkeep} doctor`, `${mailkeep} sync`, `${mailkeep} daemon`];
  if (verb.options.json) {
    printJson(verb, {
      config: file,
      account: answers.name,
      data_dir: answers.dataDir,
      mailboxes: facts?.mailboxes.length ?? null,
      next,
    });
    return EXIT.ok;
  }
  note(verb, facts === null ? 'Written without a sign-in.' : 'The sign-in works.');
  print(verb, `${file} is written, for you alone to read. Next:`);
  const says = ['looks whether everything is in place', 'makes the first backup', 'keeps it up to date'];
  const width = Math.max(...next.map((command) => command.length));
  print(verb, next.map((command, index) => `  ${command.padEnd(width)}   # ${says[index]}`).join('\n'));
  return EXIT.ok;
}
