/**
 * A server that gets mail back, through the wire. What belongs to one mailbox (its SELECT and the questions
 * behind it) is written together, so that surveys of many mailboxes overlap without a round trip for each.
 */
import { MailboxError, type MailkeepError } from '../core/errors.js';
import { canonicalFlags } from '../core/mailbox/flags.js';
import { displayPath } from '../core/mailbox/mailbox-path.js';
import type {
  AppendItem,
  AppendOutcome,
  QuotaResource,
  ReadBackRow,
  RestoreTarget,
  TargetMailbox,
  TargetMessage,
  TargetName,
  TargetSurvey,
  TargetTraits,
} from '../core/ports/restore.js';
import { appendBatch } from './append-batch.js';
import { AppendPace } from './append-pace.js';
import { isSelectable, specialUseOf } from './attributes.js';
import { hashing } from './body-sinks.js';
import { connect } from './connect.js';
import { connectError, serverText } from './errors.js';
import { labelNamed, labelOf } from './gmail-labels.js';
import { type NameContext, pathOf } from './names.js';
import type { ImapSettings } from './settings.js';
import { lateRefusal } from './sign-in-error.js';
import { createSubscribed } from './target-create.js';
import { plainTargetName, targetName } from './target-names.js';
import { messagesSince, type SurveyContext, surveyMailbox } from './target-survey.js';
import type { CommandOptions } from './wire/commands/arguments.js';
import { fetchBodies } from './wire/commands/fetch-bodies.js';
import { fetchRows, type IdentifiedRow } from './wire/commands/fetch-rows.js';
import { getQuotaRoot, type StoreChange, store } from './wire/commands/mailbox-commands.js';
import { select } from './wire/commands/select.js';
import { unselect } from './wire/commands/session-commands.js';
import { CommandRefusedError, MailboxNotSelectedError } from './wire/errors.js';
import type { WireSession } from './wire/session.js';
import { UidSet } from './wire/uid-set.js';
import { WireReader } from './wire-reader.js';
import { unlessRefused } from './wire-refusal.js';

/** Throws CredentialsError, AccountError or InterruptedError. */
export async function openRestoreTarget(settings: ImapSettings, signal: AbortSignal): Promise<RestoreTarget> {
  const client = await connect(settings, signal, { forWire: true });
  const limit = client.capabilities.get('APPENDLIMIT');
  const reader = new WireReader(client, { signal, silence: settings.silenceTimeout, cautious: false });
  return new ImapRestoreTarget(reader, settings, signal, {
    appendLimit: limit === undefined ? null : typeof limit === 'number' ? limit : 'by mailbox',
  });
}

interface Announced {
  /** RFC 7889: one limit for all, or one for each mailbox, which STATUS tells. */
  readonly appendLimit: number | 'by mailbox' | null;
}

class ImapRestoreTarget implements RestoreTarget {
  readonly traits: TargetTraits;
  readonly #reader: WireReader;
  readonly #session: WireSession;
  readonly #settings: ImapSettings;
  readonly #signal: AbortSignal;
  readonly #announced: Announced;
  readonly #pace: AppendPace | null;
  #selected = false;

  constructor(reader: WireReader, settings: ImapSettings, signal: AbortSignal, announced: Announced) {
    this.traits = { streams: reader.has('LITERAL+'), labels: reader.has('X-GM-EXT-1') };
    this.#reader = reader;
    this.#session = reader.session;
    this.#settings = settings;
    this.#signal = signal;
    this.#announced = announced;
    this.#pace = this.traits.streams ? null : new AppendPace();
  }

  get failure(): MailkeepError | null {
    const { failure } = this.#session;
    return failure === null ? null : connectError(failure, this.#settings);
  }

  async list(): Promise<TargetMailbox[]> {
    const listed = await this.#answer(this.#reader.list(), 'the list of mailboxes');
    return listed.map(({ wireName, delimiter, attributes }) => ({
      wireName,
      path: pathOf(wireName, { ...this.#names, delimiter }),
      selectable: isSelectable(attributes),
      specialUse: specialUseOf(attributes),
    }));
  }

  nameOf(components: readonly string[]): TargetName {
    return targetName(components, this.#names);
  }

  plainNameOf(components: readonly string[], suffixes: readonly string[]): TargetName {
    return plainTargetName(components, suffixes, this.#names);
  }

  survey(wireName: string): Promise<TargetSurvey> {
    this.#selected = true;
    return this.#answer(surveyMailbox(wireName, this.#surveying), wireName);
  }

  arrivedSince(wireName: string, first: number): Promise<TargetMessage[]> {
    this.#selected = true;
    return this.#answer(messagesSince(wireName, first, this.#surveying), wireName);
  }

  async readBack(wireName: string, uids: readonly number[]): Promise<ReadBackRow[]> {
    const rows: ReadBackRow[] = [];
    const asked = new Set(uids);
    const onRow = (row: IdentifiedRow) => {
      if (row.size === null || !asked.delete(row.uid)) return;
      const receivedAt = row.internalDate?.epochSeconds ?? null;
      rows.push({ uid: row.uid, size: row.size, receivedAt, flags: canonicalFlags(row.flags ?? []) });
    };
    await this.#askFor(wireName, uids, (set, options) =>
      fetchRows(this.#session, set, ['RFC822.SIZE', 'INTERNALDATE', 'FLAGS'], onRow, options),
    );
    return rows;
  }

  async digests(wireName: string, uids: readonly number[]): Promise<ReadonlyMap<number, string>> {
    const found = new Map<number, string>();
    await this.#askFor(wireName, uids, (set, options) =>
      fetchBodies(this.#session, set, '', hashing(found), options),
    );
    return found;
  }

  async quota(): Promise<QuotaResource[]> {
    if (!this.#reader.has('QUOTA')) return [];
    try {
      const roots = await getQuotaRoot(this.#session, 'INBOX', { signal: this.#signal });
      return roots.flatMap(({ root, resources }) =>
        resources.map(({ name, usage, limit }) => {
          const unit = name === 'STORAGE' ? 1024 : 1;
          return { root, name, used: usage * unit, limit: limit * unit };
        }),
      );
    } catch (error) {
      if (error instanceof CommandRefusedError) return [];
      throw this.#mapped(error, 'INBOX');
    }
  }

  async create(wireName: string, specialUse: string | null): Promise<void> {
    const use = specialUse !== null && this.#reader.has('CREATE-SPECIAL-USE') ? specialUse : null;
    const context = { session: this.#session, signal: this.#signal, delimiter: this.#names.delimiter };
    await this.#answer(createSubscribed(wireName, use, context), wireName);
  }

  async append(wireName: string, items: readonly AppendItem[]): Promise<AppendOutcome[]> {
    if (this.#selected) await this.#leave();
    return appendBatch(wireName, items, {
      session: this.#session,
      signal: this.#signal,
      account: this.#settings.account,
      multi: this.#reader.has('MULTIAPPEND') && !this.traits.labels,
      pace: this.#pace,
      create: () => this.create(wireName, null),
    });
  }

  addFlag(wireName: string, uids: readonly number[], flag: string): Promise<void> {
    return this.#store(wireName, uids, { flags: [flag] });
  }

  label(wireName: string, uids: readonly number[], label: string): Promise<void> {
    return this.#store(wireName, uids, { gmailLabels: [label] });
  }

  async labelled(wireName: string, uids: readonly number[], label: string): Promise<ReadonlySet<number>> {
    const found = new Set<number>();
    const onRow = (row: IdentifiedRow) => {
      if (row.gmailLabels?.includes(label)) found.add(row.uid);
    };
    await this.#askFor(wireName, uids, (set, options) =>
      fetchRows(this.#session, set, ['X-GM-LABELS'], onRow, options),
    );
    return found;
  }

  labelOf(mailbox: Pick<TargetMailbox, 'wireName' | 'specialUse'>): string | null {
    return labelOf(mailbox);
  }

  labelNamed(name: string): string | null {
    return labelNamed(name, this.#reader.utf8);
  }

  close(): Promise<void> {
    return this.#reader.close();
  }

  get #names(): NameContext {
    const { personal, utf8 } = this.#reader;
    return { ...personal, utf8 };
  }

  get #surveying(): SurveyContext {
    return {
      session: this.#session,
      signal: this.#signal,
      shown: (wireName) => this.#shown(wireName),
      appendLimit: this.#announced.appendLimit,
      identity: this.traits.labels
        ? ['X-GM-MSGID', 'X-GM-LABELS']
        : this.#reader.has('OBJECTID')
          ? ['EMAILID']
          : [],
    };
  }

  /** Of a mailbox that is selected a server tells what every APPEND did to it; Courier reads it anew each time. */
  async #leave(): Promise<void> {
    this.#selected = false;
    const options = { signal: this.#signal };
    // A SELECT that is refused leaves no mailbox selected (RFC 9051 section 6.3.2).
    const left = this.#reader.has('UNSELECT')
      ? unselect(this.#session, options)
      : select(this.#session, NO_MAILBOX, options);
    // What is wrong with the connection the command behind it finds out.
    await left.catch(() => undefined);
  }

  #store(wireName: string, uids: readonly number[], change: StoreChange): Promise<void> {
    const ask = (set: UidSet, options: CommandOptions) => store(this.#session, set, '+', change, options);
    return this.#askFor(wireName, uids, ask, false);
  }

  /** A SELECT and a command for as many UIDs as it takes, written together. */
  async #askFor(
    wireName: string,
    uids: readonly number[],
    ask: (set: UidSet, options: CommandOptions) => Promise<unknown>,
    isRead = true,
  ): Promise<void> {
    if (uids.length === 0) return;
    this.#selected = true;
    const options = { signal: this.#signal };
    const opened = select(this.#session, wireName, options);
    const answers = [...UidSet.from(uids).slices()].map((set) => ask(set, options));
    const { exists } = await this.#answer(opened, wireName);
    // Some servers refuse a FETCH in an empty mailbox.
    const isHarmless = isRead && exists === 0;
    for (const answer of answers)
      await this.#answer(isHarmless ? answer.catch(unlessRefused) : answer, wireName);
  }

  async #answer<T>(answer: Promise<T>, wireName: string): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw this.#mapped(error, wireName);
    }
  }

  #mapped(error: unknown, wireName: string): unknown {
    if (error instanceof MailboxNotSelectedError) return this.#mapped(error.cause, wireName);
    const late = lateRefusal(error, this.#settings);
    if (late !== null) return late;
    if (error instanceof CommandRefusedError) {
      const said = serverText(error.message);
      return new MailboxError(`the target refuses ${this.#shown(wireName)}: ${said}`, {
        code: 'refused',
        cause: error,
      });
    }
    return connectError(error, this.#settings);
  }

  #shown(wireName: string): string {
    return displayPath(pathOf(wireName, this.#names));
  }
}

const NO_MAILBOX = 'no mailbox has this name';
