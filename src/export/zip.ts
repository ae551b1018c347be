/** One ZIP file with the names of an eml export inside. */
import { DistinctNames } from '../core/message/export-names.js';
import type { ExportTarget } from '../core/ports/export.js';
import { emlFolder, emlNameOf } from './eml.js';
import { explained, StagedFile } from './staging.js';
import { ZipWriter } from './zip-writer.js';

/** `now` (seconds since 1970) is the date of the folders inside. */
export async function openZipExport(target: string, now: number): Promise<ExportTarget> {
  const staged = await StagedFile.open(target);
  const names = new DistinctNames();
  const zip = new ZipWriter(staged.path);
  return {
    openMailbox: (mailbox) =>
      explained(target, async () => {
        const folder = emlFolder(mailbox, names);
        zip.addFolder(folder, now);
        return {
          name: folder,
          add: async (item) => {
            const name = `${folder}/${await emlNameOf(item)}`;
            const { size, receivedAt: modifiedAt } = item.placement;
            await explained(target, () => zip.addFile(name, { size, modifiedAt }, item.content()));
          },
          close: async () => [],
        };
      }),
    finish: () =>
      explained(target, async () => {
        zip.finish();
        await staged.finish();
      }),
    abort: () => {
      zip.close();
      return staged.abort();
    },
  };
}
