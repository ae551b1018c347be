/**
 * What a mailbox of the target holds, as far as identity needs it: one SELECT and the questions behind it are
 * written together, so surveys of many mailboxes overlap. A list shorter than EXISTS is no survey: messages that
 * are there would be sent again.
 */
import { MailboxError } from '../core/errors.js';
import { canonicalFlags } from '../core/mailbox/flags.js';
import { messageIdOf } from '../core/message/header-fields.js';
import type { TargetMessage, TargetSurvey } from '../core/ports/restore.js';
import { collecting } from './body-sinks.js';
import { fetchBodies } from './wire/commands/fetch-bodies.js';
import { status } from './wire/commands/list.js';
import { select } from './wire/commands/select.js';
import { CommandRefusedError } from './wire/errors.js';
import type { WireSession } from './wire/session.js';
import { UidSet } from './wire/uid-set.js';

export interface SurveyContext {
  readonly session: WireSession;
  readonly signal: AbortSignal;
  /** FETCH items for the server's own identity of a message, and for labels. */
  readonly identity: readonly string[];
  /** RFC 7889: one limit for all, or one for each mailbox, which STATUS tells. */
  readonly appendLimit: number | 'by mailbox' | null;
  /** A mailbox's name for people. */
  readonly shown: (wireName: string) => string;
}

const LAST_UID = 0xffff_ffff;

export async function surveyMailbox(wireName: string, context: SurveyContext): Promise<TargetSurvey> {
  for (let attempt = 1; ; attempt += 1) {
    const survey = await surveyOnce(wireName, context);
    const { length } = survey.messages;
    if (length >= survey.exists) return survey;
    if (attempt === 2) {
      throw new MailboxError(
        `the target lists ${length} of the ${survey.exists} messages in ${context.shown(wireName)}`,
        { code: 'incomplete', hint: 'run the same command again' },
      );
    }
  }
}

/** Messages with UIDs from `first` on. */
export async function messagesSince(
  wireName: string,
  first: number,
  context: SurveyContext,
): Promise<TargetMessage[]> {
  const opened = select(context.session, wireName, { signal: context.signal });
  const arrived = messagesOf(UidSet.range(first, LAST_UID), context);
  const { exists } = await opened;
  const messages = await orNothing(arrived, exists === 0);
  // "n:*" always answers with the last message, even if its UID is below n.
  return messages.filter(({ uid }) => uid >= first);
}

async function surveyOnce(
  wireName: string,
  context: SurveyContext,
): Promise<TargetSurvey & { readonly exists: number }> {
  const { session, signal, appendLimit } = context;
  const limit =
    appendLimit === 'by mailbox'
      ? status(session, wireName, ['APPENDLIMIT'], { signal }).catch(() => null)
      : Promise.resolve(null);
  const opened = select(session, wireName, { signal });
  const listed = messagesOf(UidSet.range(1, LAST_UID), context);
  const mailbox = await opened;
  const messages = await orNothing(listed, mailbox.exists === 0);
  const last = messages.reduce((most, { uid }) => Math.max(most, uid), 0);
  return {
    exists: mailbox.exists,
    uidValidity: mailbox.uidValidity?.toString() ?? null,
    uidNext: Math.max(mailbox.uidNext ?? 1, last + 1),
    permanentFlags: mailbox.permanentFlags,
    appendLimit: appendLimit === 'by mailbox' ? ((await limit)?.appendLimit ?? null) : appendLimit,
    messages,
  };
}

/** Of the mailbox that was selected last. */
function messagesOf(uids: UidSet, { session, signal, identity }: SurveyContext): Promise<TargetMessage[]> {
  const found: TargetMessage[] = [];
  const answer = fetchBodies(
    session,
    uids,
    { fields: ['Message-ID'] },
    collecting((row, octets) => {
      found.push({
        uid: row.uid,
        size: row.size ?? 0,
        receivedAt: row.internalDate?.epochSeconds ?? null,
        messageId: messageIdOf(octets),
        flags: canonicalFlags(row.flags ?? []),
        identity: row.emailId ?? row.gmailMessageId,
        labels: row.gmailLabels,
      });
    }),
    { items: ['RFC822.SIZE', 'INTERNALDATE', 'FLAGS', ...identity], signal },
  );
  const messages = answer.then(() => found);
  // Whoever waits for it gets the error; until then it must not count as unhandled.
  messages.catch(() => undefined);
  return messages;
}

/** Some servers refuse a FETCH in an empty mailbox. */
async function orNothing(answer: Promise<TargetMessage[]>, isEmpty: boolean): Promise<TargetMessage[]> {
  try {
    return await answer;
  } catch (error) {
    if (isEmpty && error instanceof CommandRefusedError) return [];
    throw error;
  }
}
