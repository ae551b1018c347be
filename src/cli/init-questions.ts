/**
 * The questions of `init`, one function each. Leaving any of them (Ctrl-C, Esc) ends the command, and nothing
 * was written by then. Everything is asked on stderr: stdout is for results.
 */
import * as prompts from '@clack/prompts';
import { domainOf, providerOf, signInAdvice } from '../config/provider-of.js';
import type { StarterCredential } from '../config/starter-config.js';
import { InterruptedError } from '../core/errors.js';
import type { ErrorReport } from '../core/report.js';
import { printable } from '../core/text/printable.js';
import { discover, type ServerFacts } from '../wiring/init.js';
import type { InitFlags } from './declare/setup.js';
import { formatBytes, formatCount } from './format.js';
import { LEFT, type ServerAnswers, serverOf, USUAL, USUAL_SCHEDULE } from './init-answers.js';
import type { Verb } from './io.js';

export class Questions {
  readonly #common: { input: NodeJS.ReadStream; output: NodeJS.WriteStream; signal: AbortSignal };

  constructor({ terminal, signal }: Verb) {
    this.#common = { input: terminal.stdin, output: terminal.stderr, signal };
  }

  begin(file: string): void {
    prompts.intro(`A first configuration: ${file}`, { output: this.#common.output });
    this.say('Ctrl-C leaves at any question, and nothing is written.');
  }

  say(text: string): void {
    prompts.log.info(text, { output: this.#common.output });
  }

  async email(): Promise<string> {
    const isAddress = (value: string | undefined) =>
      /^[^\s@]+@[^\s@]+$/.test(value ?? '') ? undefined : 'a mail address such as me@example.org';
    return await this.#text('Your mail address', { placeholder: 'me@example.org', validate: isAddress });
  }

  async replace(file: string): Promise<boolean> {
    return await answered(
      prompts.confirm({
        ...this.#common,
        message: `${file} is there already. Replace it?`,
        initialValue: false,
      }),
    );
  }

  /** Proposes what is known; where nothing is, the domain's own records are asked only if wanted. */
  async server(flags: InitFlags, email: string, before: ServerAnswers | null = null): Promise<ServerAnswers> {
    let proposal = before ?? serverOf(flags, email);
    if (before === null && proposal.provider !== null) {
      const { provider, host, port, tls } = proposal;
      const message = `That is ${provider}: ${host}, port ${port}, tls ${tls}. Right?`;
      if (await answered(prompts.confirm({ ...this.#common, message }))) return proposal;
    } else if (
      before === null &&
      flags.host === undefined &&
      (flags.discover || (await this.#mayDiscover(email)))
    ) {
      const found = await discover(domainOf(email), flags.protocol ?? null, this.#common.signal);
      if (found === null) this.say('It says nowhere which its mail server is.');
      else {
        const { source, vouched, ...server } = found;
        const doubt = vouched ? '' : ' That is not below the domain: is it your provider?';
        this.say(
          `${source} names ${server.host} (${server.protocol}), port ${server.port}, tls ${server.tls}.${doubt}`,
        );
        proposal = server;
      }
    }
    const protocol = flags.protocol ?? (await this.#protocol(proposal.protocol));
    if (protocol !== proposal.protocol) proposal = serverOf({ ...flags, protocol }, email);
    const [name, ports] = [protocol === 'pop3' ? 'POP3' : 'IMAP', USUAL[protocol]];
    const host = await this.#text(`${name} server`, { initialValue: proposal.host, validate: notEmpty });
    const tls = await this.#select('Encryption', proposal.tls, [
      { value: 'implicit', label: 'TLS from the start', hint: `usual, port ${ports.implicit}` },
      { value: 'starttls', label: protocol === 'pop3' ? 'STLS' : 'STARTTLS', hint: `port ${ports.plain}` },
      { value: 'none', label: 'none', hint: 'only to this machine itself' },
    ]);
    const usual = tls === proposal.tls ? proposal.port : tls === 'implicit' ? ports.implicit : ports.plain;
    const port = await this.#text('Port', { initialValue: String(usual), validate: isPort });
    const asProposed = host === proposal.host && tls === proposal.tls && Number(port) === proposal.port;
    return { protocol, provider: asProposed ? proposal.provider : null, host, port: Number(port), tls };
  }

  async #protocol(proposal: 'imap' | 'pop3'): Promise<'imap' | 'pop3'> {
    return await this.#select('How is mail read there?', proposal, [
      { value: 'imap', label: 'IMAP', hint: 'all mailboxes, flags and dates' },
      { value: 'pop3', label: 'POP3', hint: 'INBOX only; where there is nothing else' },
    ]);
  }

  /** Nobody is asked anything about a person's mail without that person wanting it. */
  async #mayDiscover(email: string): Promise<boolean> {
    const domain = domainOf(email);
    const message = `Ask ${domain} for its mail server? (its name service, and https://autoconfig.${domain}; your address is not sent)`;
    return await answered(prompts.confirm({ ...this.#common, message, initialValue: false }));
  }

  async user(email: string): Promise<string> {
    return await this.#text('User name for the sign-in', { initialValue: email, validate: notEmpty });
  }

  async credential(email: string, { provider }: ServerAnswers): Promise<StarterCredential> {
    const advice = signInAdvice(provider ?? providerOf(email));
    if (advice !== null) this.say(advice);
    const kind = await this.#select('The password', 'password', [
      {
        value: 'password',
        label: 'I type it',
        hint: 'kept in a file beside the config that only you can read',
      },
      { value: 'command', label: 'A command prints it', hint: 'such as: pass show mail/me' },
    ]);
    if (kind === 'command') {
      const command = await this.#text('The command (runs without a shell)', { validate: notEmpty });
      return { kind: 'command', command };
    }
    const password = await answered(
      prompts.password({ ...this.#common, message: 'Password', validate: notEmpty }),
    );
    return { kind: 'password', password };
  }

  /** What to do about a sign-in that failed. */
  async afterFailure({ message, hint }: ErrorReport): Promise<'password' | 'server' | 'ca' | 'write'> {
    const text = hint === null ? message : `${message}\n${hint}`;
    prompts.log.error(text, { output: this.#common.output });
    return await this.#select('That did not work. What now?', 'password', [
      { value: 'password', label: 'Give the password again' },
      { value: 'server', label: 'Change server, port, encryption or user' },
      { value: 'ca', label: "Name a file with the server's own authority" },
      {
        value: 'write',
        label: 'Write the config as it is',
        hint: 'mailkeep doctor tells later what is wrong',
      },
    ]);
  }

  async caFile(): Promise<string> {
    return await this.#text('File with the certificate of the authority (PEM)', { validate: notEmpty });
  }

  /** The paths that are left out. */
  async leftOut({ mailboxes }: ServerFacts): Promise<string[]> {
    const unwanted = new Set(['\\Junk', '\\Trash']);
    const picked = await answered(
      prompts.multiselect({
        ...this.#common,
        message: 'Which mailboxes? (space chooses, enter goes on; new ones are backed up too)',
        options: mailboxes.map(({ path, messages, bytes }) => ({
          value: path,
          label: `${printable(path)}${countOf(messages, bytes)}`,
        })),
        initialValues: mailboxes
          .filter(({ specialUse }) => !unwanted.has(specialUse ?? ''))
          .map(({ path }) => path),
        maxItems: 15,
      }),
    );
    const chosen = new Set(picked);
    return mailboxes.map(({ path }) => path).filter((path) => !chosen.has(path));
  }

  async dataDir(proposal: string): Promise<string> {
    return await this.#text('Folder for the archive', { initialValue: proposal, validate: notEmpty });
  }

  async schedule(): Promise<string> {
    return await this.#select('How often shall the daemon back up?', USUAL_SCHEDULE, [
      { value: USUAL_SCHEDULE, label: 'every 15 minutes' },
      { value: '0 * * * *', label: 'every hour' },
      { value: '0 3 * * *', label: 'every night at three' },
      { value: 'off', label: 'never', hint: 'I start mailkeep sync myself' },
    ]);
  }

  async #text(
    message: string,
    more: {
      placeholder?: string;
      initialValue?: string;
      validate: (value: string | undefined) => string | undefined;
    },
  ): Promise<string> {
    return (await answered(prompts.text({ ...this.#common, message, ...more }))).trim();
  }

  async #select<Value extends string>(
    message: string,
    initialValue: Value,
    options: readonly { value: Value; label: string; hint?: string }[],
  ): Promise<Value> {
    const choices = [...options] as Parameters<typeof prompts.select<Value>>[0]['options'];
    return await answered(
      prompts.select<Value>({ ...this.#common, message, options: choices, initialValue }),
    );
  }
}

async function answered<T>(question: Promise<T>): Promise<Exclude<T, symbol>> {
  const answer = await question;
  if (typeof answer === 'symbol') throw new InterruptedError(LEFT);
  return answer as Exclude<T, symbol>;
}

function countOf(messages: number | null, bytes: number | null): string {
  if (messages === null) return '';
  return ` (${formatCount(messages, 'message')}${bytes === null ? '' : `, ${formatBytes(bytes)}`})`;
}

function notEmpty(value: string | undefined): string | undefined {
  return (value ?? '').trim() === '' ? 'this can not be empty' : undefined;
}

function isPort(value: string | undefined): string | undefined {
  const port = /^\d{1,5}$/.test(value ?? '') ? Number(value) : 0;
  return port >= 1 && port <= 65_535 ? undefined : 'a number from 1 to 65535';
}
