// Which commands there are, when each may be given, and what announces it. A command whose capability the
// server doesn't announce is answered BAD: that is how a test proves what the client relies on.

import { append } from './commands-append.js';
import { fetch } from './commands-fetch.js';
import { idle } from './commands-idle.js';
import { list, lsub } from './commands-list.js';
import { authenticate, login } from './commands-login.js';
import { create, deleteMailbox, rename, status, subscribe, unsubscribe } from './commands-mailbox.js';
import { copy, expunge, move, store, uidExpunge } from './commands-message.js';
import { search } from './commands-search.js';
import { close, examine, select, unselect } from './commands-select.js';
import {
  capability,
  enable,
  greeting,
  id,
  logout,
  namespace,
  noop,
  startTls,
  upgrade,
} from './commands-session.js';
import type { CommandContext, Session } from './session.js';

/** What follows the tagged `OK`; nothing for a standard text, null for no tagged line at all. */
export type Outcome = string | null | undefined;

export interface CommandEntry {
  /** `fresh` is before signing in, `user` after. */
  readonly state: 'any' | 'fresh' | 'user' | 'selected';
  readonly capability?: string;
  /** The mailbox a fault rule sees: named by the first argument, every one, or else the one selected. */
  readonly subject?: 'argument' | 'every';
  /** Expunges may not be announced in the answer (RFC 9051 7.5.1). */
  readonly holdsExpunges?: true;
  run(context: CommandContext): Outcome | Promise<Outcome>;
  /** Once the answer is sent. */
  after?(session: Session): Promise<void>;
}

export const COMMANDS: ReadonlyMap<string, CommandEntry> = new Map<string, CommandEntry>([
  ['GREETING', { state: 'any', run: greeting }],
  ['CAPABILITY', { state: 'any', run: capability }],
  ['NOOP', { state: 'any', run: noop }],
  ['LOGOUT', { state: 'any', run: logout }],
  ['ID', { state: 'any', capability: 'ID', run: id }],
  ['STARTTLS', { state: 'fresh', capability: 'STARTTLS', run: startTls, after: upgrade }],
  ['LOGIN', { state: 'fresh', run: login }],
  ['AUTHENTICATE', { state: 'fresh', run: authenticate }],
  ['ENABLE', { state: 'user', capability: 'ENABLE', run: enable }],
  ['NAMESPACE', { state: 'user', capability: 'NAMESPACE', run: namespace }],
  ['LIST', { state: 'user', subject: 'every', run: list }],
  ['LSUB', { state: 'user', subject: 'every', run: lsub }],
  ['STATUS', { state: 'user', subject: 'argument', run: status }],
  ['CREATE', { state: 'user', subject: 'argument', run: create }],
  ['DELETE', { state: 'user', subject: 'argument', run: deleteMailbox }],
  ['RENAME', { state: 'user', subject: 'argument', run: rename }],
  ['SUBSCRIBE', { state: 'user', subject: 'argument', run: subscribe }],
  ['UNSUBSCRIBE', { state: 'user', subject: 'argument', run: unsubscribe }],
  ['APPEND', { state: 'user', subject: 'argument', run: append }],
  ['SELECT', { state: 'user', subject: 'argument', run: select }],
  ['EXAMINE', { state: 'user', subject: 'argument', run: examine }],
  ['IDLE', { state: 'user', capability: 'IDLE', run: idle }],
  ['CHECK', { state: 'selected', run: noop }],
  ['CLOSE', { state: 'selected', run: close }],
  ['UNSELECT', { state: 'selected', capability: 'UNSELECT', run: unselect }],
  ['EXPUNGE', { state: 'selected', run: expunge }],
  ['UID EXPUNGE', { state: 'selected', capability: 'UIDPLUS', run: uidExpunge }],
  ['SEARCH', { state: 'selected', holdsExpunges: true, run: search(false) }],
  ['UID SEARCH', { state: 'selected', run: search(true) }],
  ['FETCH', { state: 'selected', holdsExpunges: true, run: fetch(false) }],
  ['UID FETCH', { state: 'selected', run: fetch(true) }],
  ['STORE', { state: 'selected', holdsExpunges: true, run: store(false) }],
  ['UID STORE', { state: 'selected', run: store(true) }],
  ['COPY', { state: 'selected', run: copy(false) }],
  ['UID COPY', { state: 'selected', run: copy(true) }],
  ['MOVE', { state: 'selected', capability: 'MOVE', run: move(false) }],
  ['UID MOVE', { state: 'selected', capability: 'MOVE', run: move(true) }],
]);
