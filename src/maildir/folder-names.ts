/**
 * Finds a message whose flags in the file name are not the recorded ones (a mail program or a crash
 * changed them). A folder is read once for a whole batch, not once for each file.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { uniquePart } from '../core/mailbox/maildir-name.js';
import { errorCode } from './durable.js';

export class FolderNames {
  readonly #folders = new Map<string, Map<string, string>>();

  /** `folder` is the Maildir; the answer is the whole path, or null. */
  find(folder: string, name: string): string | null {
    let known = this.#folders.get(folder);
    if (known === undefined) {
      known = new Map();
      for (const part of ['new', 'cur']) {
        for (const entry of entries(join(folder, part)))
          known.set(uniquePart(entry), join(folder, part, entry));
      }
      this.#folders.set(folder, known);
    }
    return known.get(uniquePart(name)) ?? null;
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
