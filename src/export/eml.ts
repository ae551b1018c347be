/** A folder for each mailbox and a file for each message, its octets unchanged and its mtime INTERNALDATE. */
import { join } from 'node:path';
import { DistinctNames, emlName, portableFolder } from '../core/message/export-names.js';
import type { ExportedMailbox, ExportItem, ExportTarget, MailboxExport } from '../core/ports/export.js';
import { explained, StagedFolder } from './staging.js';
import { SyncedFiles } from './synced-files.js';

export async function openEmlExport(target: string): Promise<ExportTarget> {
  const staged = await StagedFolder.open(target);
  const files = new SyncedFiles();
  const names = new DistinctNames();
  return {
    openMailbox: (mailbox) =>
      explained(target, async () => {
        const name = emlFolder(mailbox, names);
        return emlMailbox(name, staged.folder(name), files, target);
      }),
    finish: () =>
      explained(target, async () => {
        await files.flush();
        await staged.finish();
      }),
    abort: () => {
      files.close();
      return staged.abort();
    },
  };
}

export function emlFolder(mailbox: ExportedMailbox, names: DistinctNames): string {
  return names.claim(portableFolder(mailbox.folder, '.eml'));
}

export async function emlNameOf({ placement, generation, facts }: ExportItem): Promise<string> {
  const { receivedAt, uid, sha256 } = placement;
  return emlName({ receivedAt, facts: await facts(), generation, uid, sha256 });
}

function emlMailbox(name: string, folder: string, files: SyncedFiles, target: string): MailboxExport {
  return {
    name,
    add: async (item) => {
      const file = join(folder, await emlNameOf(item));
      await explained(target, () => files.write(file, item.content(), item.placement.receivedAt));
    },
    close: async () => [],
  };
}
