// What a server holds for one user, read over IMAP by a small reader that shares nothing with the product or with
// imapflow: it is the yardstick that archives and restored servers are compared with, so it throws rather than
// guess. Meant for quiet servers; one message in memory at a time.

import { createHash } from 'node:crypto';
import { connect as openSocket, type Socket } from 'node:net';
import { decodeModifiedUtf7 } from './modified-utf7.js';

export interface StoredMessage {
  /** SHA-256 of BODY[], hex. */
  readonly sha256: string;
  /** Sorted, without \Recent. */
  readonly flags: readonly string[];
  /** INTERNALDATE in seconds since 1970. */
  readonly internalDate: number;
}

export interface MailboxState {
  readonly uidValidity: number;
  readonly messages: ReadonlyMap<number, StoredMessage>;
}

/** Mailbox path (decoded, with the server's own delimiter) to its content. */
export type ServerState = Map<string, MailboxState>;

export interface Login {
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** Every selectable mailbox with every message. */
export async function readServerState(login: Login): Promise<ServerState> {
  const wire = await Wire.open(login);
  try {
    const state: ServerState = new Map();
    for (const rawName of await listMailboxes(wire)) {
      state.set(decodeModifiedUtf7(rawName), await readMailbox(wire, rawName));
    }
    await wire.command('LOGOUT');
    return state;
  } finally {
    wire.close();
  }
}

async function listMailboxes(wire: Wire): Promise<string[]> {
  const names: string[] = [];
  await wire.command('LIST "" "*"', ({ text, literals }) => {
    const row = /^\* LIST \(([^)]*)\) (?:NIL|"(?:\\.|[^"\\])*") (.*)$/.exec(text);
    if (row === null || /\\(?:Noselect|NonExistent)/i.test(row[1]!)) return;
    names.push(bytesOf(row[2]!, literals).toString('latin1'));
  });
  return names;
}

async function readMailbox(wire: Wire, rawName: string): Promise<MailboxState> {
  let uidValidity = 0;
  let exists = -1;
  await wire.command(`EXAMINE ${quoted(rawName)}`, ({ text }) => {
    uidValidity = Number(/^\* OK \[UIDVALIDITY (\d+)\]/i.exec(text)?.[1] ?? uidValidity);
    exists = Number(/^\* (\d+) EXISTS$/i.exec(text)?.[1] ?? exists);
  });
  const messages = new Map<number, StoredMessage>();
  if (exists !== 0) {
    await wire.command('UID FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])', ({ text, literals }) => {
      const body = /\bBODY\[\] (\0\d+|"(?:\\.|[^"\\])*")/i.exec(text)?.[1];
      if (!/^\* \d+ FETCH /i.test(text) || body === undefined) return;
      const [, uid] = must(/\bUID (\d+)/i.exec(text), text);
      const [, flags] = must(/\bFLAGS \(([^)]*)\)/i.exec(text), text);
      const [, date] = must(/\bINTERNALDATE "([^"]*)"/i.exec(text), text);
      if (messages.has(Number(uid))) throw new Error(`${rawName}: UID ${uid} was sent twice`);
      messages.set(Number(uid), {
        sha256: createHash('sha256').update(bytesOf(body, literals)).digest('hex'),
        flags: sortedFlags(flags!),
        internalDate: epochOf(date!),
      });
    });
  }
  if (messages.size !== exists || uidValidity === 0) {
    throw new Error(
      `${rawName}: ${messages.size} of ${exists} messages were sent, UIDVALIDITY ${uidValidity}`,
    );
  }
  return { uidValidity, messages };
}

function sortedFlags(list: string): string[] {
  return list
    .split(' ')
    .filter((flag) => flag !== '' && flag.toLowerCase() !== '\\recent')
    .sort();
}

/** INTERNALDATE (RFC 9051 date-time: `dd-Mon-yyyy hh:mm:ss +zzzz`, day padded with a space) to epoch seconds. */
function epochOf(date: string): number {
  const parts = must(
    /^([ \d]\d)-([A-Z][a-z]{2})-(\d{4}) (\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)$/.exec(date),
    date,
  );
  const [, day, month, year, time, hours, minutes] = parts;
  const number = 1 + 'JanFebMarAprMayJunJulAugSepOctNovDec'.indexOf(month!) / 3;
  const two = (value: number) => String(value).padStart(2, '0');
  return Date.parse(`${year}-${two(number)}-${two(Number(day))}T${time}${hours}:${minutes}`) / 1000;
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** An astring or nstring of a response: NUL and a number stand for that literal. */
function bytesOf(token: string, literals: readonly Buffer[]): Buffer {
  const literal = /^\0(\d+)$/.exec(token);
  if (literal !== null) return literals[Number(literal[1])]!;
  const text = token.startsWith('"') ? token.slice(1, -1).replace(/\\(.)/g, '$1') : token;
  return Buffer.from(text, 'latin1');
}

function must(match: RegExpExecArray | null, text: string): RegExpExecArray {
  if (match === null) throw new Error(`cannot read ${JSON.stringify(text.slice(0, 300))}`);
  return match;
}

interface Response {
  /** The line in latin1, each literal replaced by NUL (which no server may send in a line) and its number. */
  readonly text: string;
  readonly literals: readonly Buffer[];
}

/** One logged-in connection; commands go one at a time. */
class Wire {
  readonly #socket: Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer[] = [];
  #heldBytes = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#chunks = socket[Symbol.asyncIterator]();
  }

  static async open({ port, user, password }: Login): Promise<Wire> {
    const wire = new Wire(openSocket(port, '127.0.0.1'));
    try {
      await wire.#response();
      await wire.command(`LOGIN ${quoted(user)} ${quoted(password)}`);
    } catch (error) {
      wire.close();
      throw error;
    }
    return wire;
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Hands each untagged response to `untagged`; throws unless the command ends with OK. */
  async command(text: string, untagged: (response: Response) => void = () => {}): Promise<void> {
    this.#socket.write(`a ${text}\r\n`, 'latin1');
    for (;;) {
      const response = await this.#response();
      if (!response.text.startsWith('a ')) untagged(response);
      else if (/^a OK\b/i.test(response.text)) return;
      else throw new Error(`${text.split(' ')[0]}: ${response.text}`);
    }
  }

  async #response(): Promise<Response> {
    const literals: Buffer[] = [];
    let text = '';
    for (;;) {
      text += await this.#line();
      const size = /~?\{(\d+)\}$/.exec(text);
      if (size === null) return { text, literals };
      text = `${text.slice(0, size.index)}\0${literals.length}`;
      literals.push(await this.#take(Number(size[1])));
    }
  }

  async #line(): Promise<string> {
    let searched = 0;
    for (;;) {
      const joined = this.#join();
      const end = joined.indexOf('\r\n', Math.max(0, searched - 1));
      if (end >= 0) return (await this.#take(end + 2)).toString('latin1', 0, end);
      searched = joined.length;
      await this.#more();
    }
  }

  async #take(count: number): Promise<Buffer> {
    while (this.#heldBytes < count) await this.#more();
    const joined = this.#join();
    this.#held = [joined.subarray(count)];
    this.#heldBytes = joined.length - count;
    return joined.subarray(0, count);
  }

  #join(): Buffer {
    const joined = this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held);
    this.#held = [joined];
    return joined;
  }

  async #more(): Promise<void> {
    const next = await this.#chunks.next();
    if (next.done === true) throw new Error('the server closed the connection');
    this.#held.push(next.value);
    this.#heldBytes += next.value.length;
  }
}
