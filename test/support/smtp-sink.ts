// An SMTP server on the loopback that keeps the mail it is given: TLS from the start, STARTTLS or neither, and
// AUTH PLAIN or LOGIN. As small as RFC 5321 lets a server be that only nodemailer speaks to.

import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { Arrivals } from './arrivals.js';

export interface SunkMail {
  readonly from: string;
  readonly to: readonly string[];
  /** As it was sent, dots unstuffed. */
  readonly text: string;
  readonly encrypted: boolean;
  readonly user: string | null;
}

export interface SmtpSinkOptions {
  readonly tls: 'implicit' | 'starttls' | 'none';
  readonly certificates?: { readonly certFile: string; readonly keyFile: string };
  /** Who may send; without it nobody is asked. */
  readonly login?: { readonly user: string; readonly password: string };
}

export class SmtpSink {
  readonly mails = new Arrivals<SunkMail>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: SmtpSinkOptions) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      const session = new SmtpSession(options, (mail) => this.mails.add(mail));
      if (options.tls === 'implicit') session.serve(secured(socket, options), true, true);
      else session.serve(socket, false, true);
    });
  }

  static async start(options: SmtpSinkOptions): Promise<SmtpSink> {
    const sink = new SmtpSink(options);
    await new Promise<void>((resolve) => sink.#server.listen(0, '127.0.0.1', resolve));
    return sink;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

class SmtpSession {
  readonly #options: SmtpSinkOptions;
  readonly #onMail: (mail: SunkMail) => void;
  #user: string | null = null;
  #from = '';
  #to: string[] = [];

  constructor(options: SmtpSinkOptions, onMail: (mail: SunkMail) => void) {
    this.#options = options;
    this.#onMail = onMail;
  }

  serve(socket: Socket, encrypted: boolean, greet: boolean): void {
    let received = '';
    let data: string[] | null = null;
    let asked: 'user' | 'password' | null = null;
    let loginName = '';
    const say = (line: string) => socket.write(`${line}\r\n`);
    const onData = (chunk: Buffer) => {
      received += chunk.toString('latin1');
      for (let end = received.indexOf('\r\n'); end !== -1; end = received.indexOf('\r\n')) {
        const line = received.slice(0, end);
        received = received.slice(end + 2);
        if (data !== null) {
          if (line !== '.') data.push(line.startsWith('.') ? line.slice(1) : line);
          else {
            const text = data.join('\r\n');
            data = null;
            this.#onMail({ from: this.#from, to: this.#to, text, encrypted, user: this.#user });
            say('250 kept');
          }
          continue;
        }
        if (asked !== null) {
          const value = Buffer.from(line, 'base64').toString('utf8');
          if (asked === 'user') {
            loginName = value;
            asked = 'password';
            say('334 UGFzc3dvcmQ6');
          } else {
            asked = null;
            say(this.#signIn(loginName, value));
          }
          continue;
        }
        const [verb = '', argument = ''] = line.split(/ (.*)/s);
        switch (verb.toUpperCase()) {
          case 'EHLO':
            say('250-sink');
            if (this.#options.tls === 'starttls' && !encrypted) say('250-STARTTLS');
            say('250 AUTH PLAIN LOGIN');
            break;
          case 'STARTTLS': {
            if (this.#options.tls !== 'starttls') {
              say('502 no such thing here');
              break;
            }
            say('220 go on');
            socket.removeListener('data', onData);
            this.serve(secured(socket, this.#options), true, false);
            return;
          }
          case 'AUTH': {
            const [mechanism, initial] = argument.split(' ');
            if (mechanism === 'PLAIN') {
              const [, user = '', password = ''] = Buffer.from(initial ?? '', 'base64')
                .toString('utf8')
                .split('\0');
              say(this.#signIn(user, password));
            } else {
              asked = 'user';
              say('334 VXNlcm5hbWU6');
            }
            break;
          }
          case 'MAIL':
            if (this.#options.login !== undefined && this.#user === null) {
              say('530 sign in first');
              break;
            }
            this.#from = /<(.*)>/.exec(argument)?.[1] ?? '';
            this.#to = [];
            say('250 fine');
            break;
          case 'RCPT':
            this.#to.push(/<(.*)>/.exec(argument)?.[1] ?? '');
            say('250 fine');
            break;
          case 'DATA':
            data = [];
            say('354 go on');
            break;
          case 'QUIT':
            say('221 bye');
            socket.end();
            break;
          default:
            say('250 fine');
        }
      }
    };
    socket.on('data', onData);
    socket.on('error', () => undefined);
    if (greet) say('220 sink');
  }

  #signIn(user: string, password: string): string {
    const { login } = this.#options;
    if (login === undefined || (login.user === user && login.password === password)) {
      this.#user = user;
      return '235 welcome';
    }
    // Some servers repeat what they were sent; nobody may pass that on.
    return `535 no: ${user} ${password}`;
  }
}

function secured(socket: Socket, { certificates }: SmtpSinkOptions): TLSSocket {
  if (certificates === undefined) throw new Error('TLS needs certificates');
  const secureContext = createSecureContext({
    cert: readFileSync(certificates.certFile),
    key: readFileSync(certificates.keyFile),
  });
  return new TLSSocket(socket, { isServer: true, secureContext });
}
