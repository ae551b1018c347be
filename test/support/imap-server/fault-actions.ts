// The ways in which servers were seen to go wrong, ready for `FaultScript.add`. Each is plain data or a
// pure function; what it applies to is said by the rule's match.

import { setTimeout as wait } from 'node:timers/promises';
import { CommandError } from './command-error.js';
import type { Ending, FaultAction, Occasion, RowOutcome } from './faults.js';
import type { FetchRow, RowItem } from './responses.js';

/** Gives these bytes instead of running the command. In a string `{tag}` stands for the command's tag. */
export function answerWith(answer: string | Buffer): FaultAction {
  return {
    before: ({ tag }) => ({ bytes: typeof answer === 'string' ? answer.replaceAll('{tag}', tag) : answer }),
  };
}

/** LIST that succeeds and shows nothing. */
export function emptyList(): FaultAction {
  return answerWith('{tag} OK List completed.\r\n');
}

/** `NO [code] text` or `BAD text` instead of running the command. */
export function refuse(status: 'NO' | 'BAD', text: string, code?: string): FaultAction {
  return {
    before: () => {
      throw new CommandError(status, text, code);
    },
  };
}

/** Runs the command and changes the bytes of its whole answer. */
export function rewrite(change: (answer: Buffer) => Buffer): FaultAction {
  return { rewrite: change };
}

/** Cuts the connection without running the command. */
export function dropBefore(how: Ending): FaultAction {
  return { before: () => ({ bytes: '', end: how }) };
}

/** Runs the command, then cuts after so many bytes of its answer: 0 for an answer lost altogether. */
export function dropAfter(bytes: number, how: Ending): FaultAction {
  return { stop: { after: bytes, how } };
}

/** Runs the command, answers in full, then cuts. */
export function dropBehind(how: Ending): FaultAction {
  return dropAfter(Number.POSITIVE_INFINITY, how);
}

/** Doesn't run the command until the fault is released. */
export function stall(): FaultAction {
  return {
    before: async (_, fault) => {
      await fault.released;
      return undefined;
    },
  };
}

/** Runs the command and sends so many bytes of its answer; the rest follows when released. */
export function stallAfter(bytes: number): FaultAction {
  return { stop: { after: bytes, how: 'hold' } };
}

export function delay(milliseconds: number): FaultAction {
  return {
    before: async () => {
      await wait(milliseconds);
      return undefined;
    },
  };
}

/** Writes the answer in pieces of so many bytes, each in its own turn of the event loop. */
export function segment(bytes: number): FaultAction {
  return { segment: bytes };
}

/** Lines without CRLF that nobody asked for, ahead of the answer or ahead of its tagged line. */
export function insertLines(lines: readonly string[], where: 'opening' | 'closing' = 'opening'): FaultAction {
  return where === 'opening' ? { opening: lines } : { closing: lines };
}

/** `* BYE text` and the end of the connection, at the row of the match's UID or at once if it has no row. */
export function poison(text: string): FaultAction {
  return {
    before: ({ command }, { match }) =>
      match.uid !== undefined && command.endsWith('FETCH')
        ? undefined
        : { bytes: `* BYE ${text}\r\n`, end: 'fin' },
    row: () => [`* BYE ${text}`, { end: 'fin' }],
  };
}

/** Other numbers than the true ones, by item name: EXISTS, MESSAGES, UIDNEXT, UIDVALIDITY, HIGHESTMODSEQ,
 * UNSEEN, RECENT, SIZE. Undefined leaves the item out. */
export function misreport(
  numbers: Readonly<Record<string, bigint | undefined | ((value: bigint) => bigint | undefined)>>,
): FaultAction {
  return {
    number: (item, value) => {
      if (!Object.hasOwn(numbers, item)) return value;
      const reported = numbers[item];
      return typeof reported === 'function' ? reported(value) : reported;
    },
  };
}

/** Any other change of FETCH rows. */
export function changeRows(row: (row: FetchRow, occasion: Occasion) => RowOutcome): FaultAction {
  return { row };
}

export const omitRow = (): FaultAction => changeRows(() => []);

export const repeatRow = (): FaultAction => changeRows((row) => [row, row]);

export const hideUid = (): FaultAction => changeItems((item) => (item.name === 'UID' ? [] : [item]));

/** The row claims another UID, e.g. that of its neighbour. */
export const pretendUid = (uid: number): FaultAction =>
  changeItems((item) => [item.name === 'UID' ? { ...item, value: String(uid) } : item]);

export const nilBody = (): FaultAction =>
  changeItems((item) => [isBody(item) ? { ...item, value: 'NIL' } : item]);

/** Literals announce this many bytes more (or fewer) than follow. */
export const miscountLiteral = (by: number): FaultAction =>
  changeItems((item) => {
    if (typeof item.value === 'string') return [item];
    const { bytes } = item.value;
    return [{ ...item, value: { bytes, announced: bytes.length + by } }];
  });

/** Two FETCH responses for one message: everything but the body, then the body. Both say the UID. */
export const splitRow = (): FaultAction =>
  changeRows((row) => [
    { ...row, items: row.items.filter((item) => !isBody(item)) },
    { ...row, items: row.items.filter((item) => isBody(item) || item.name === 'UID') },
  ]);

function changeItems(change: (item: RowItem) => readonly RowItem[]): FaultAction {
  return changeRows((row) => [{ ...row, items: row.items.flatMap(change) }]);
}

function isBody(item: RowItem): boolean {
  return /^(BODY\[|RFC822(\.HEADER|\.TEXT)?$)/.test(item.name);
}
