/**
 * One ZIP file with the names of an eml export inside. One entry is under way at a time, and the next is
 * asked for when the file has taken the last, so memory doesn't grow with messages.
 */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { DistinctNames } from '../core/export-names.js';
import type { ExportItem, ExportTarget } from '../core/export-ports.js';
import { emlFolder, emlNameOf } from './eml.js';
import { explained, FILE_MODE, FOLDER_MODE, StagedFile } from './staging.js';

export async function openZipExport(target: string): Promise<ExportTarget> {
  const staged = await StagedFile.open(target);
  const zip = new ZipFile();
  const stop = new AbortController();
  const names = new DistinctNames();
  const file = createWriteStream(staged.path, { flags: 'wx', mode: FILE_MODE, flush: true });
  const written = pipeline(zip.outputStream, file, { signal: stop.signal });
  const failed = new Promise<never>((_, reject) => {
    zip.on('error', reject);
    written.catch(reject);
  });
  failed.catch(() => undefined);
  return {
    openMailbox: async (mailbox) => {
      const name = emlFolder(mailbox, names);
      zip.addEmptyDirectory(name, { mode: FOLDER_MODE });
      return {
        name,
        add: async (item) => {
          const path = `${name}/${await emlNameOf(item)}`;
          await explained(target, () => Promise.race([addEntry(zip, path, item), failed]));
        },
        close: async () => [],
      };
    },
    finish: () =>
      explained(target, async () => {
        zip.end();
        await Promise.race([written, failed]);
        await staged.finish();
      }),
    abort: async () => {
      stop.abort();
      await written.catch(() => undefined);
      await staged.abort();
    },
  };
}

/** Resolves when the message was read to its end. */
function addEntry(zip: ZipFile, path: string, item: ExportItem): Promise<void> {
  const { receivedAt, size } = item.placement;
  // yazl keeps every entry's callback to the end: it must not keep the message.
  let pending: ExportItem | null = item;
  return new Promise((resolve, reject) => {
    // The format has no dates before 1980, and yazl none before 1970.
    const options = { mtime: new Date(Math.max(receivedAt, 0) * 1000), mode: FILE_MODE | 0o100_000, size };
    zip.addReadStreamLazy(path, options, (take) => {
      const stream = Readable.from(pending!.content(), { objectMode: false });
      pending = null;
      stream.once('end', resolve);
      stream.once('error', reject);
      take(null, stream);
    });
  });
}
