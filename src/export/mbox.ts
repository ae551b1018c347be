/** A file in the mboxrd format (core/message/mboxrd.ts) for each mailbox. No header is added for flags or UIDs. */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DistinctNames, portableFolder } from '../core/message/export-names.js';
import { headerField } from '../core/message/header-fields.js';
import { envelopeSender, fromLine, MboxrdEncoder } from '../core/message/mboxrd.js';
import type { ExportItem, ExportTarget, MailboxExport } from '../core/ports/export.js';
import { explained, FILE_MODE, StagedFolder } from './staging.js';
import { writeWhole } from './synced-files.js';

const SUFFIX = '.mbox';

export async function openMboxExport(target: string): Promise<ExportTarget> {
  const staged = await StagedFolder.open(target);
  const names = new DistinctNames();
  return {
    openMailbox: (mailbox) =>
      explained(target, async () => {
        const name = `${names.claim(portableFolder(mailbox.folder, SUFFIX))}${SUFFIX}`;
        return mboxFile(name, join(staged.folder(dirname(name)), name.split('/').at(-1)!), target);
      }),
    finish: () => staged.finish(),
    abort: () => staged.abort(),
  };
}

function mboxFile(name: string, path: string, target: string): MailboxExport {
  // Appending, so that a message that is taken out again leaves no gap.
  const descriptor = openSync(path, 'ax', FILE_MODE);
  const encoder = new MboxrdEncoder();
  return {
    name,
    add: (item) => explained(target, () => append(descriptor, encoder, item)),
    close: () =>
      explained(target, async () => {
        fsyncSync(descriptor);
        closeSync(descriptor);
        return [];
      }),
  };
}

async function append(descriptor: number, encoder: MboxrdEncoder, item: ExportItem): Promise<void> {
  const end = fstatSync(descriptor).size;
  const sender = envelopeSender(headerField(item.start, 'return-path'));
  try {
    writeWhole(descriptor, Buffer.from(`${fromLine(sender, item.placement.receivedAt)}\n`, 'latin1'));
    for await (const chunk of item.content()) writeWhole(descriptor, encoder.push(chunk));
    writeWhole(descriptor, Buffer.concat([encoder.end(), EMPTY_LINE]));
  } catch (error) {
    encoder.end();
    ftruncateSync(descriptor, end);
    throw error;
  }
}

const EMPTY_LINE = Buffer.from('\n');
