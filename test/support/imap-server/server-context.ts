// What all connections of one server share: options settled into facts, the users' mail, the fault script
// and the record of what was said.

import { bad, type CommandError, no } from './command-error.js';
import type { LiteralHeader } from './command-reader.js';
import { FaultScript } from './faults.js';
import { MailStore } from './mail-store.js';
import { CommandLog, TrafficStats } from './traffic.js';

export type Tier = 'qresync' | 'condstore' | 'plain';

export interface ServerOptions {
  /** Passwords by user name. */
  readonly users: Readonly<Record<string, string>>;
  /** Whether an access token is this user's; with it OAUTHBEARER and XOAUTH2 are offered. */
  readonly takesToken?: (user: string, token: string) => boolean;
  /** `plain` also lacks ENABLE, LIST-STATUS, ESEARCH, MOVE and literals without asking, as Courier does. */
  readonly tier?: Tier;
  /** The whole capability list, in place of the tier's. Nothing outside it is understood. */
  readonly capabilities?: readonly string[];
  readonly separator?: string;
  readonly prefix?: string;
  readonly objectId?: boolean;
  readonly gmail?: boolean;
  readonly utf8?: boolean;
  readonly literalPlus?: 'plus' | 'minus' | 'none';
  /** Largest message APPEND takes, in bytes; announced as APPENDLIMIT. */
  readonly appendLimit?: number;
  /** Longest command in bytes, literals not counted. */
  readonly commandLimit?: number;
  /** Milliseconds everything a client sends takes to arrive, i.e. the round trip. */
  readonly latency?: number;
  /** PEM; `implicit` speaks TLS from the first byte, `starttls` offers it. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly mode: 'implicit' | 'starttls' };
}

const BASE = ['IMAP4rev1', 'AUTH=PLAIN', 'AUTH=LOGIN', 'NAMESPACE', 'IDLE', 'UIDPLUS', 'CHILDREN'];
const MODERN =
  'SASL-IR ID ENABLE UNSELECT MOVE MULTIAPPEND ESEARCH LIST-EXTENDED LIST-STATUS SPECIAL-USE CREATE-SPECIAL-USE STATUS=SIZE CONDSTORE';

/** What a server with these options announces. */
export function capabilitiesOf(options: ServerOptions): string[] {
  if (options.capabilities !== undefined) return [...options.capabilities];
  const tier = options.tier ?? 'qresync';
  const literals = { plus: ['LITERAL+'], minus: ['LITERAL-'], none: [] };
  return [
    ...BASE,
    ...(tier === 'plain' ? [] : MODERN.split(' ')),
    ...(tier === 'qresync' ? ['QRESYNC'] : []),
    ...literals[options.literalPlus ?? (tier === 'plain' ? 'none' : 'plus')],
    ...(options.takesToken === undefined ? [] : ['AUTH=OAUTHBEARER', 'AUTH=XOAUTH2']),
    ...(options.objectId === true ? ['OBJECTID'] : []),
    ...(options.gmail === true ? ['X-GM-EXT-1'] : []),
    ...(options.utf8 === true ? ['UTF8=ACCEPT'] : []),
    ...(options.appendLimit === undefined ? [] : [`APPENDLIMIT=${options.appendLimit}`]),
    ...(options.tls?.mode === 'starttls' ? ['STARTTLS'] : []),
  ];
}

export class ServerContext {
  readonly options: ServerOptions;
  /** As announced. */
  readonly announced: readonly string[];
  /** The same in upper case, for looking up. */
  readonly capabilities: ReadonlySet<string>;
  readonly stores: ReadonlyMap<string, MailStore>;
  readonly faults = new FaultScript();
  readonly log = new CommandLog();
  readonly stats = new TrafficStats();
  readonly commandLimit: number;
  latency: number;

  constructor(options: ServerOptions) {
    this.options = options;
    this.announced = capabilitiesOf(options);
    this.capabilities = new Set(this.announced.map((capability) => capability.toUpperCase()));
    this.stores = new Map(Object.keys(options.users).map((user) => [user, new MailStore(options)]));
    this.commandLimit = options.commandLimit ?? 65_536;
    this.latency = options.latency ?? 0;
  }

  refuseLiteral({ size, synchronising, binary }: LiteralHeader): CommandError | undefined {
    if (binary && !this.capabilities.has('BINARY')) return bad('BINARY is not supported');
    if (!synchronising && !this.capabilities.has('LITERAL+')) {
      // RFC 7888 5: LITERAL- is LITERAL+ up to 4096 bytes.
      if (!this.capabilities.has('LITERAL-')) return bad('LITERAL+ is not supported');
      if (size > 4096) return bad('Non-synchronising literal is too long');
    }
    if (size > (this.options.appendLimit ?? Number.POSITIVE_INFINITY)) return no('Message too big', 'TOOBIG');
    return undefined;
  }
}
