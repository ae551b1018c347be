// One connection: reads commands one at a time, runs each to its end before the next, and answers in
// order. Knows who is signed in, what is selected and what was enabled; what the commands do is elsewhere.

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { encodeModifiedUtf7 } from '../modified-utf7.js';
import { CommandArguments } from './command-arguments.js';
import { bad, CommandError, no } from './command-error.js';
import { type ClientCommand, CommandReader } from './command-reader.js';
import { COMMANDS } from './commands.js';
import type { FaultPlan, Occasion } from './faults.js';
import type { MailStore } from './mail-store.js';
import type { Mailbox } from './mailbox.js';
import { decodeMailboxName } from './mailbox-name.js';
import { Output, Reply } from './reply.js';
import { formatString } from './responses.js';
import type { Selection } from './selection.js';
import { indexesOf, lowerBound } from './sequence-set.js';
import type { ServerContext } from './server-context.js';

export interface CommandContext {
  readonly session: Session;
  readonly args: CommandArguments;
  readonly reply: Reply;
  readonly tag: string;
}

export class Session {
  readonly server: ServerContext;
  readonly connection: number;
  readonly output: Output;
  readonly reader: CommandReader;
  /** Upper-case capabilities the client has enabled. */
  readonly enabled = new Set<string>();
  user: string | undefined;
  selected: Selection | undefined;
  secured = false;
  /** Called when the selected mailbox has news, while the client is idling. */
  onNews: (() => void) | undefined;
  #ending = false;

  constructor(server: ServerContext, connection: number, socket: Socket) {
    this.server = server;
    this.connection = connection;
    this.output = new Output(socket, server.stats);
    this.reader = new CommandReader({
      limit: server.commandLimit,
      refuseLiteral: (literal) => server.refuseLiteral(literal),
      invite: () => void this.output.write(Buffer.from('+ OK\r\n')),
      flow: (wanted) => (wanted ? this.output.socket.resume() : this.output.socket.pause()),
    });
    this.#listen(socket);
  }

  /** Goes on in TLS. What the client sent in the clear ahead of it is not obeyed (RFC 9051 6.2.1). */
  secure(tls: { key: string; cert: string }): void {
    const plain = this.output.socket.removeAllListeners('data').removeAllListeners('end');
    this.reader.discard();
    this.secured = true;
    this.output.socket = new TLSSocket(plain, { isServer: true, key: tls.key, cert: tls.cert });
    this.#listen(this.output.socket);
  }

  /** Feeds the reader from a socket, as late as the configured latency says. */
  #listen(socket: Socket): void {
    const later = (act: () => void): void => {
      if (this.server.latency > 0) setTimeout(act, this.server.latency);
      else act();
    };
    socket.on('data', (chunk: Buffer) => {
      this.server.stats.bytesIn += chunk.length;
      later(() => this.reader.push(chunk));
    });
    socket.on('end', () => later(() => this.reader.end()));
    socket.on('close', () => this.reader.end());
    socket.on('error', () => this.reader.end());
  }

  /** Serves the connection until either side ends it; what the client sent before it left is still done. */
  async run(): Promise<void> {
    await this.#perform({ tag: '*', name: 'GREETING', parts: [''] });
    while (!this.output.ended && !this.#ending) {
      const command = await this.reader.read();
      if (command === undefined) break;
      await this.#perform(command);
    }
    this.select(undefined);
    await this.output.end('fin');
  }

  /** After this command no other is read. */
  end(): void {
    this.#ending = true;
  }

  offers(capability: string): boolean {
    return this.server.capabilities.has(capability.toUpperCase());
  }

  /** Refuses what was never announced. */
  require(capability: string): void {
    if (!this.offers(capability)) throw bad(`${capability} is not supported`);
  }

  get condstore(): boolean {
    return this.enabled.has('CONDSTORE') || this.enabled.has('QRESYNC');
  }

  get qresync(): boolean {
    return this.enabled.has('QRESYNC');
  }

  get utf8(): boolean {
    return this.enabled.has('UTF8=ACCEPT');
  }

  get store(): MailStore {
    const store = this.user === undefined ? undefined : this.server.stores.get(this.user);
    if (store === undefined) throw bad('Not signed in');
    return store;
  }

  get selection(): Selection {
    if (this.selected === undefined) throw bad('No mailbox selected');
    return this.selected;
  }

  get writableSelection(): Selection {
    if (this.selection.readOnly) throw no('Mailbox is read-only', 'READ-ONLY');
    return this.selection;
  }

  select(selection: Selection | undefined): void {
    this.selected?.close();
    this.selected = selection;
  }

  /** A mailbox name from the arguments, as the store keys it. */
  readName(args: CommandArguments): string {
    const sent = args.astring();
    if (!this.utf8 || this.store.find(sent) !== undefined) return sent;
    return encodeModifiedUtf7(Buffer.from(sent, 'latin1').toString());
  }

  readMailbox(args: CommandArguments, code = 'NONEXISTENT'): Mailbox {
    const mailbox = this.store.find(this.readName(args));
    if (mailbox === undefined) throw no("Mailbox doesn't exist", code);
    if (!mailbox.selectable) throw no('Mailbox is not selectable', 'NONEXISTENT');
    return mailbox;
  }

  /** A mailbox name as this client is to read it: raw UTF-8 once UTF8=ACCEPT is enabled. */
  writeName(name: string): string {
    const path = this.utf8 ? decodeMailboxName(name) : undefined;
    return formatString(path === undefined ? name : Buffer.from(path).toString('latin1'), this.utf8);
  }

  async #perform(command: ClientCommand): Promise<void> {
    const plan = this.#planFor(command);
    const reply = new Reply(this.output, plan);
    try {
      const instead = await plan.before();
      if (instead !== undefined) {
        reply.raw(instead.bytes);
        await reply.finish();
        if (instead.end !== undefined) await this.output.end(instead.end);
        return;
      }
      await this.#run(command, reply);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      const code = error.code === undefined ? '' : `[${error.code}] `;
      await reply.finish(`${command.tag} ${error.status} ${code}${error.message}`);
    }
  }

  async #run(command: ClientCommand, reply: Reply): Promise<void> {
    const { tag, name, parts } = command;
    if (command.failure !== undefined) throw command.failure;
    const entry = COMMANDS.get(name);
    if (entry === undefined) throw bad(`Unknown command ${name}`);
    if (entry.capability !== undefined) this.require(entry.capability);
    if (entry.state !== 'any' && (entry.state === 'fresh') !== (this.user === undefined))
      throw bad('Command is not valid in this state');
    if (entry.state === 'selected') void this.selection;
    const args = new CommandArguments(parts);
    if (this.selected?.brokenBecause !== undefined) return this.#sayBye(reply, this.selected.brokenBecause);
    const text = await entry.run({ session: this, args, reply, tag });
    if (this.selected?.brokenBecause !== undefined) return this.#sayBye(reply, this.selected.brokenBecause);
    this.selected?.announce(reply, {
      expunges: entry.holdsExpunges !== true,
      condstore: this.condstore,
      qresync: this.qresync,
    });
    await reply.finish(text === null ? undefined : `${tag} OK ${text ?? `${name} completed.`}`);
    await entry.after?.(this);
  }

  /** The selected mailbox is not what it was; a server can only send the client away. */
  async #sayBye(reply: Reply, reason: string): Promise<void> {
    this.end();
    await reply.finish(`* BYE ${reason}`);
  }

  #planFor(command: ClientCommand): FaultPlan {
    const { tag, name, parts } = command;
    const text = textOf(command);
    const selected = this.selected?.mailbox.name;
    if (name !== 'GREETING')
      this.server.log.add({ connection: this.connection, tag, name, text, user: this.user, selected });
    const entry = COMMANDS.get(name);
    const occasion: Occasion = {
      command: name,
      tag,
      text,
      connection: this.connection,
      everyMailbox: entry?.subject === 'every',
      mailbox: entry?.subject === 'argument' ? this.#named(new CommandArguments(parts)) : selected,
      touches: (uid) => this.#touches(command, uid),
    };
    return this.server.faults.plan(occasion);
  }

  #named(args: CommandArguments): string | undefined {
    try {
      args.space();
      const name = this.readName(args);
      return this.store.find(name)?.name ?? name;
    } catch {
      return undefined;
    }
  }

  #touches(command: ClientCommand, uid: number): boolean {
    const selection = this.selected;
    if (selection === undefined || !/^(UID )?(FETCH|STORE|COPY|MOVE|EXPUNGE)$/.test(command.name))
      return false;
    try {
      const args = new CommandArguments(command.parts);
      args.space();
      const set = args.sequenceSet();
      const { uids, count } = selection;
      const ranges = indexesOf(set, uids, count, command.name.startsWith('UID '));
      const index = lowerBound(uids, count, uid);
      return uids[index] === uid && ranges.some(({ from, to }) => from <= index && index < to);
    } catch {
      return false;
    }
  }
}

/** Name and arguments for the log: secrets masked, long literals shortened. */
function textOf({ name, parts }: ClientCommand): string {
  if (name === 'LOGIN' || name === 'AUTHENTICATE') return `${name} ${firstWord(parts)} ***`;
  const shown = parts.map((part) => {
    if (typeof part === 'string') return part;
    const head = part.toString('latin1', 0, 256);
    return `{${part.length}}\r\n${head}${part.length > 256 ? '...' : ''}`;
  });
  return name + shown.join('');
}

function firstWord(parts: ClientCommand['parts']): string {
  try {
    const args = new CommandArguments(parts);
    args.space();
    return args.astring();
  } catch {
    return '';
  }
}
