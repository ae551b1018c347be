/**
 * The end of a run: its line in the journal, durable, and only then the run in the index. A crash between
 * the two leaves a line that the index does not know of; the next run finds it there and takes it over.
 */

import { ArchiveError } from '../core/errors.js';
import {
  isWorthALine,
  type Journal,
  type JournalChange,
  type JournalLine,
  lineOf,
  lineOfCommand,
} from '../core/journal.js';
import type { SyncIndex } from '../core/ports/sync-index.js';
import type { SyncReport } from '../core/report.js';

interface JournalPorts {
  readonly index: Pick<
    SyncIndex,
    'journaled' | 'lastRun' | 'journalEntries' | 'recordJournaled' | 'hold' | 'finishRun'
  >;
  readonly journal: Journal;
}

/** First of all. Throws ArchiveError `index` where the index is older than the journal. */
export function takeOverJournal({ index, journal }: JournalPorts): void {
  const last = journal.last();
  if (last === null || last.seq <= index.journaled()) return;
  if (last.run !== null && last.run > index.lastRun()) throw staleIndex(last);
  journal.flush();
  index.recordJournaled(last);
}

export function finishRun({ index, journal }: JournalPorts, report: SyncReport, retired: boolean): void {
  const { seq, changes } = index.journalEntries();
  if (isWorthALine(report, changes.length))
    journal.append(lineOf(report, { seq: seq + 1, changes, hold: index.hold(), retired }));
  index.finishRun(report, retired);
}

/**
 * The line of a command that is no run: accept, prune, repair, import. Where a killed run has left changes the
 * next run tells them all together: its line is the only one that they may be told under.
 */
export function journalCommand({ index, journal }: JournalPorts, startedAt: number): void {
  const { seq, changes } = index.journalEntries();
  if (changes.length === 0 || changes.some(({ do: what }) => !OF_COMMANDS.has(what))) return;
  const line = lineOfCommand(startedAt, { seq: seq + 1, changes, hold: index.hold() });
  journal.append(line);
  index.recordJournaled(line);
}

const OF_COMMANDS: ReadonlySet<JournalChange['do']> = new Set(['prune', 'await', 'accept', 'import']);

function staleIndex(last: JournalLine): ArchiveError {
  return new ArchiveError(`the index is older than the journal, which ends with run ${last.run}`, {
    code: 'index',
    hint: 'it was put back from a copy, or came from elsewhere; mailkeep repair --rebuild-index makes it anew from the mail and the journal',
  });
}
