/** Writes mail of one account's archive to files. */
import type { AccountConfig } from '../config/config.js';
import { UsageError } from '../core/errors.js';
import { mailboxFolder } from '../core/mailbox/mailbox-folder.js';
import { mailboxPath } from '../core/mailbox/mailbox-path.js';
import type { ExportedMailbox, ExportFormat, ExportTarget } from '../core/ports/export.js';
import type { IndexedMailbox } from '../core/ports/placements.js';
import { needsContent } from '../core/query/query-match.js';
import { decodeCheckpoint } from '../imap/checkpoint.js';
import { type ExportProgress, type ExportReport, type ExportSelection, exportMail } from '../jobs/export.js';
import { selectAbsent } from '../jobs/select-absent.js';
import {
  type SelectionRequest as MessageSelection,
  type SelectionPorts,
  selectedPlacements,
} from '../jobs/select-messages.js';
import { isWithin, realPlace } from './real-place.js';
import { type SelectionRequest, selectionOf } from './selection.js';
import { sha256, startSha256 } from './surroundings.js';
import type { Wiring } from './wiring.js';

export interface ExportRequest extends SelectionRequest {
  readonly format: ExportFormat;
  /** Absolute. */
  readonly to: string;
  readonly onProgress: (counts: ProgressCounts) => void;
}

/** Totals are null where they aren't known before the end. */
export interface ProgressCounts extends ExportProgress {
  readonly messagesTotal: number | null;
  readonly bytesTotal: number | null;
}

export async function runExport(
  wiring: Wiring,
  account: AccountConfig,
  request: ExportRequest,
): Promise<ExportReport> {
  const reader = wiring.reader(account);
  let closeSearch = () => {};
  try {
    const { ports, selection, close } = await selectionOf(wiring, account, reader, request);
    closeSearch = close;
    refuseInside(wiring.config.dataDir, request.to);
    const today = new Map(reader.mailboxes().map((mailbox) => [mailbox.id, mailbox]));
    const absent = selectAbsent(ports, selection);
    const selections = ports.archive
      .mailboxes()
      .filter(({ path }) => selection.selects(path))
      .map(
        (mailbox): ExportSelection => ({
          mailbox: asExported(mailbox, today.get(mailbox.id)),
          placements: selectedPlacements(ports, mailbox, selection),
          absent: absent.named.filter((message) => message.mailbox === mailbox.path),
          evenIfEmpty: mailbox.listed && request.query.length === 0,
        }),
      );
    const totals = needsContent(selection.query) === 'index' ? await totalsOf(ports, selection) : UNKNOWN;
    const target = await openTarget(request, wiring.now);
    return await exportMail(
      { store: wiring.messages(account), facts: ports.facts, startHash: startSha256, target },
      selections,
      {
        remarks: absent.remarks,
        signal: request.signal,
        onProgress: (progress) => request.onProgress({ ...progress, ...totals }),
      },
    );
  } finally {
    closeSearch();
    reader.close();
  }
}

type Totals = Pick<ProgressCounts, 'messagesTotal' | 'bytesTotal'>;

/** Where a query reads the messages themselves, counting first would read them all twice. */
const UNKNOWN: Totals = { messagesTotal: null, bytesTotal: null };

async function totalsOf(ports: SelectionPorts, selection: MessageSelection): Promise<Totals> {
  let [messages, bytes] = [0, 0];
  for (const mailbox of ports.archive.mailboxes()) {
    if (!selection.selects(mailbox.path)) continue;
    for await (const placement of selectedPlacements(ports, mailbox, selection)) {
      messages += 1;
      bytes += placement.size;
    }
  }
  return { messagesTotal: messages, bytesTotal: bytes };
}

async function openTarget({ format, to }: ExportRequest, now: number): Promise<ExportTarget> {
  switch (format) {
    case 'mbox':
      return (await import('../export/mbox.js')).openMboxExport(to);
    case 'eml':
      return (await import('../export/eml.js')).openEmlExport(to);
    case 'zip':
      return (await import('../export/zip.js')).openZipExport(to, Math.floor(now / 1000));
    case 'maildir': {
      const { modifiedUtf7 } = await import('../imap/names.js');
      return (await import('../export/maildir-tree.js')).openMaildirExport(to, modifiedUtf7);
    }
  }
}

/** Under the name it had, which its folder follows; with the UIDNEXT of today, so that no UID is given out again. */
function asExported(mailbox: IndexedMailbox, today: IndexedMailbox | undefined): ExportedMailbox {
  const checkpoint = decodeCheckpoint(today?.checkpoint ?? null);
  const uidNext =
    today?.generation === mailbox.generation && checkpoint?.uidValidity === mailbox.uidValidity
      ? (checkpoint?.uidNext ?? null)
      : null;
  return { ...mailbox, folder: mailboxFolder(mailboxPath(...mailbox.components), sha256), uidNext };
}

/** An export into the archive would become part of it. */
function refuseInside(dataDir: string, to: string): void {
  if (!isWithin(realPlace(to), realPlace(dataDir))) return;
  throw new UsageError(
    `${to} lies in data_dir, where the archives are`,
    'nothing was written; choose a place outside with --to; on the same file system maildir takes no more room',
  );
}
