// The criteria of SEARCH (RFC 9051 6.4.4), each read into a predicate over one message of the view.

import type { CommandArguments } from './command-arguments.js';
import { bad } from './command-error.js';
import { fieldName, headerFields, splitBody } from './fetch-items.js';
import { bodyOf, hasFlag, type Message, sizeOf } from './message.js';
import { parseInternalDate } from './responses.js';
import { includes, indexesOf, type NumberRange, type SequenceSet } from './sequence-set.js';
import type { Session } from './session.js';

export type Criterion = (message: Message, index: number) => boolean;

const DAY = 86_400;

/** Criteria up to the end of the command or of the parenthesis; all of them have to hold. */
export function readCriteria(session: Session, args: CommandArguments): Criterion {
  const criteria = [readCriterion(session, args)];
  while (args.accept(' ')) criteria.push(readCriterion(session, args));
  return (message, index) => criteria.every((criterion) => criterion(message, index));
}

function readCriterion(session: Session, args: CommandArguments): Criterion {
  if (args.accept('(')) {
    const group = readCriteria(session, args);
    args.expect(')');
    return group;
  }
  if (/[\d]/.test(args.next)) return inSet(session, args.sequenceSet(), false);
  if (args.accept('*')) return inSet(session, [{ from: Infinity, to: Infinity }], false);
  const key = args.keyword();
  const flag = flagCriterion(key);
  if (flag !== undefined) return flag;
  args.space();
  switch (key) {
    case 'UID':
      return inSet(session, args.sequenceSet(), true);
    case 'NOT': {
      const inner = readCriterion(session, args);
      return (message, index) => !inner(message, index);
    }
    case 'OR': {
      const one = readCriterion(session, args);
      args.space();
      const other = readCriterion(session, args);
      return (message, index) => one(message, index) || other(message, index);
    }
    case 'MODSEQ': {
      session.require('CONDSTORE');
      session.enabled.add('CONDSTORE');
      const modseq = args.modseq();
      return (message) => message.modseq >= modseq;
    }
    default:
      return valueCriterion(session, args, key);
  }
}

function flagCriterion(key: string): Criterion | undefined {
  if (key === 'ALL' || key === 'OLD') return () => true;
  if (key === 'NEW' || key === 'RECENT') return () => false;
  const match = /^(UN)?(ANSWERED|DELETED|DRAFT|FLAGGED|SEEN)$/.exec(key);
  if (match === null) return undefined;
  return (message) => hasFlag(message, `\\${match[2]}`) === (match[1] === undefined);
}

function valueCriterion(session: Session, args: CommandArguments, key: string): Criterion {
  switch (key) {
    case 'KEYWORD':
    case 'UNKEYWORD': {
      const flag = args.flag();
      return (message) => hasFlag(message, flag) === (key === 'KEYWORD');
    }
    case 'LARGER':
    case 'SMALLER': {
      const size = args.number();
      return (message) => (key === 'LARGER' ? sizeOf(message) > size : sizeOf(message) < size);
    }
    case 'SINCE':
    case 'BEFORE':
    case 'ON':
      return dayCriterion(key, args.astring());
    case 'HEADER': {
      const field = args.astring();
      args.space();
      return inHeader(field, args.astring());
    }
    case 'SUBJECT':
    case 'FROM':
    case 'TO':
    case 'CC':
    case 'BCC':
      return inHeader(key, args.astring());
    case 'TEXT':
    case 'BODY': {
      const text = args.astring().toLowerCase();
      const whole = key === 'TEXT';
      return (message) => {
        const body = whole ? bodyOf(message) : splitBody(bodyOf(message)).text;
        return body.toString('latin1').toLowerCase().includes(text);
      };
    }
    case 'EMAILID': {
      session.require('OBJECTID');
      const id = args.astring();
      return (message) => `M${message.identity}` === id;
    }
    case 'X-GM-MSGID': {
      session.require('X-GM-EXT-1');
      const id = args.modseq();
      return (message) => message.identity === id;
    }
    default:
      throw bad(`Unknown search key ${key}`);
  }
}

function inSet(session: Session, set: SequenceSet, byUid: boolean): Criterion {
  const { uids, count } = session.selection;
  const ranges: NumberRange[] = indexesOf(set, uids, count, byUid);
  const indexes = ranges.map(({ from, to }) => ({ from, to: to - 1 }));
  return (_, index) => includes(indexes, index);
}

/** Compares days in the zone of the message, without time (RFC 9051 6.4.4). */
function dayCriterion(key: string, text: string): Criterion {
  const date = parseInternalDate(`${text.padStart(11)} 00:00:00 +0000`);
  if (date === undefined) throw bad('Invalid date');
  const wanted = date.seconds / DAY;
  return ({ internalDate }) => {
    const day = Math.floor((internalDate.seconds + internalDate.zone * 60) / DAY);
    return key === 'ON' ? day === wanted : (key === 'SINCE') === day >= wanted;
  };
}

/** An empty text asks only for the field to be there. */
function inHeader(name: string, text: string): Criterion {
  const [field, wanted] = [name.toLowerCase(), text.toLowerCase()];
  return (message) =>
    headerFields(splitBody(bodyOf(message)).header).some(
      (line) => fieldName(line) === field && line.slice(field.length).toLowerCase().includes(wanted),
    );
}
