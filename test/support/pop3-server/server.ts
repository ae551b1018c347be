// A POP3 server in the test's own process, on a port of the kernel's choice. It keeps RFC 1939 unless told otherwise:
// what it says may be cut into segments of any size, rewritten, held back, or ended by a hang-up at any octet.

import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket, type TlsOptions } from 'node:tls';
import { closeServer, listenAnywhere, portOf } from '../loopback.js';

export const PASSWORD = 'Sesam-öffne-dich';

export interface PopMessage {
  /** null: UIDL leaves it out. */
  uidl: string | null;
  body: Buffer;
  /** What LIST says, where that is not the truth. */
  size?: number;
}

/** What a command gets instead of its answer; `null` for silence. */
export type Answer = string | Buffer | null | { readonly say: string | Buffer; readonly thenHangUp: true };

export interface PopOptions {
  readonly capabilities?: readonly string[];
  /** A server that is older than CAPA. */
  readonly noCapa?: boolean;
  readonly greeting?: string;
  /** From the first octet, or when STLS asks for it; it must be among the capabilities. */
  readonly tls?: TlsOptions & { readonly mode: 'implicit' | 'starttls' };
  /** Whether an access token is good, for AUTH XOAUTH2 and OAUTHBEARER. */
  readonly takesToken?: (user: string, token: string) => boolean;
  /** Octets of each segment. */
  readonly segment?: number;
  /** Replaces answers; undefined leaves the server's own. `times`: how often this command line came before. */
  readonly answer?: (line: string, own: () => Buffer, times: number) => Answer | undefined;
}

const CAPABILITIES = ['TOP', 'UIDL', 'USER', 'RESP-CODES', 'PIPELINING', 'SASL PLAIN'];

export class PopServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #times = new Map<string, number>();
  messages: PopMessage[];
  options: PopOptions;
  /** Every command that came, without passwords. */
  readonly commands: string[] = [];
  connections = 0;

  private constructor(messages: PopMessage[], options: PopOptions) {
    this.messages = messages;
    this.options = options;
    this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
  }

  static async start(messages: PopMessage[], options: PopOptions = {}): Promise<PopServer> {
    const server = new PopServer(messages, options);
    await listenAnywhere(server.#server);
    return server;
  }

  get port(): number {
    return portOf(this.#server);
  }

  /** How often a command came, by its first word. */
  count(word: string): number {
    return this.commands.filter((line) => line.split(' ')[0] === word).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await closeServer(this.#server);
  }

  #serve(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    const session = new PopSession(this);
    const greeting = `+OK ${this.options.greeting ?? 'ready'}\r\n`;
    if (this.options.tls?.mode !== 'implicit') {
      this.#converse(socket, session, greeting);
      return;
    }
    const secure = this.#encrypted(socket);
    // What is written before its end gets in the way of the alert that tells of a handshake gone wrong.
    secure.once('secure', () => this.#converse(secure, session, greeting));
  }

  #encrypted(socket: Socket): Socket {
    const { mode: _, ...tls } = this.options.tls!;
    const secure = new TLSSocket(socket, { isServer: true, secureContext: createSecureContext(tls), ...tls });
    secure.on('error', () => socket.end());
    return secure;
  }

  #converse(socket: Socket, session: PopSession, greeting: string | null): void {
    let said = Promise.resolve(true);
    const say = (answer: () => Answer) => {
      said = said.then(async (goesOn) => goesOn && (await this.#say(socket, answer())));
    };
    if (greeting !== null) say(() => greeting);
    let rest = '';
    const hear = (chunk: Buffer) => {
      rest += chunk.toString('utf8');
      for (let end = rest.indexOf('\r\n'); end !== -1; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        say(() => this.#answer(session, line));
        if (line !== 'STLS' || this.options.tls === undefined) continue;
        socket.off('data', hear);
        said.then(() => this.#converse(this.#encrypted(socket), session, null));
        return;
      }
    };
    socket.on('data', hear);
  }

  #answer(session: PopSession, line: string): Answer {
    const logged = session.awaitsResponse ? '(response)' : (/^(PASS|AUTH|APOP)\b/.exec(line)?.[0] ?? line);
    this.commands.push(logged);
    const times = this.#times.get(logged) ?? 0;
    this.#times.set(logged, times + 1);
    const own = () => session.answer(line);
    const other = this.options.answer?.(line, own, times);
    if (other !== undefined) return other;
    const answer = own();
    return line === 'QUIT' ? { say: answer, thenHangUp: true } : answer;
  }

  /** false where the connection is over. */
  async #say(socket: Socket, answer: Answer): Promise<boolean> {
    if (answer === null) return true;
    const isLast = typeof answer === 'object' && 'thenHangUp' in answer;
    const octets = Buffer.from(isLast ? (answer.say as string) : (answer as string));
    const size = this.options.segment ?? octets.length;
    for (let at = 0; at < octets.length; at += size) {
      if (socket.destroyed) return false;
      await new Promise((resolve) => socket.write(octets.subarray(at, at + size), resolve));
      // A turn of the loop each, so that the segments arrive as they were cut.
      if (size < octets.length) await new Promise((resolve) => setImmediate(resolve));
    }
    if (isLast) socket.end();
    return !isLast;
  }
}

/** One session: sees the messages as they were when it began, and deletes at its end. */
class PopSession {
  readonly #server: PopServer;
  readonly #messages: readonly PopMessage[];
  readonly #marked = new Set<PopMessage>();
  /** What the next line is, in an AUTH that has begun. */
  #exchange: 'token' | 'after a refusal' | null = null;

  constructor(server: PopServer) {
    this.#server = server;
    this.#messages = [...server.messages];
  }

  get awaitsResponse(): boolean {
    return this.#exchange !== null;
  }

  #respond(line: string): Buffer {
    const before = this.#exchange;
    this.#exchange = null;
    if (before === 'after a refusal') return ERR('[AUTH] invalid token');
    const proof = Buffer.from(line, 'base64').toString();
    const user = /^(?:user=|n,a=)([^\x01]*?),?\x01/.exec(proof)?.[1] ?? '';
    const token = /auth=Bearer ([^\x01]*)\x01\x01$/.exec(proof)?.[1] ?? '';
    if (this.#server.options.takesToken!(user, token)) return OK();
    this.#exchange = 'after a refusal';
    const failure = { status: 'invalid_token', scope: 'mail', heard: token };
    return Buffer.from(`+ ${Buffer.from(JSON.stringify(failure)).toString('base64')}\r\n`);
  }

  answer(line: string): Buffer {
    if (this.#exchange !== null) return this.#respond(line);
    if (this.#server.options.takesToken !== undefined && /^AUTH (XOAUTH2|OAUTHBEARER)$/.test(line)) {
      this.#exchange = 'token';
      return Buffer.from('+ \r\n');
    }
    const [word = '', first = '', second = ''] = line.split(' ');
    const message = this.#messages[Number(first) - 1];
    switch (word.toUpperCase()) {
      case 'CAPA':
        if (this.#server.options.noCapa === true) return ERR('what?');
        return list(this.#server.options.capabilities ?? CAPABILITIES);
      case 'AUTH':
      case 'APOP':
      case 'USER':
      case 'PASS':
      case 'UTF8':
      case 'STLS':
      case 'NOOP':
        return OK();
      case 'STAT':
        return OK(`${this.#messages.length} ${this.#messages.reduce((sum, each) => sum + sizeOf(each), 0)}`);
      case 'LIST':
        return list(this.#messages.map((each, at) => `${at + 1} ${sizeOf(each)}`));
      case 'UIDL':
        return list(this.#messages.flatMap(({ uidl }, at) => (uidl === null ? [] : [`${at + 1} ${uidl}`])));
      case 'RETR':
        return message === undefined ? ERR('no such message') : multiLine(message.body);
      case 'TOP':
        return message === undefined
          ? ERR('no such message')
          : multiLine(topOf(message.body, Number(second)));
      case 'DELE':
        if (message === undefined) return ERR('no such message');
        this.#marked.add(message);
        return OK();
      case 'QUIT':
        this.#server.messages = this.#server.messages.filter((each) => !this.#marked.has(each));
        return OK('bye');
      default:
        return ERR('what?');
    }
  }
}

export function sizeOf({ size, body }: PopMessage): number {
  return size ?? body.length;
}

/** A status line and the octets, with dots put before lines that begin with one. */
export function multiLine(body: Buffer): Buffer {
  const text = body.toString('latin1');
  const stuffed = text.replace(/(^|\r\n)\./g, '$1..');
  const end = text === '' || text.endsWith('\r\n') ? '.\r\n' : '\r\n.\r\n';
  return Buffer.from(`+OK octets follow\r\n${stuffed}${end}`, 'latin1');
}

function topOf(body: Buffer, lines: number): Buffer {
  const text = body.toString('latin1');
  const header = /^[\s\S]*?(?:\r?\n\r?\n|$)/.exec(text)![0];
  const rest = text.slice(header.length).split(/(?<=\n)/);
  return Buffer.from(header + rest.slice(0, lines).join(''), 'latin1');
}

const OK = (text = '') => Buffer.from(`+OK${text === '' ? '' : ` ${text}`}\r\n`);
const ERR = (text: string) => Buffer.from(`-ERR ${text}\r\n`);

function list(lines: readonly string[]): Buffer {
  return Buffer.from(`+OK\r\n${lines.map((line) => `${line}\r\n`).join('')}.\r\n`);
}
