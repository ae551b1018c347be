/**
 * A database file that only its owner can read, whatever the umask; SQLite gives the same mode to the -wal,
 * -shm and journal files beside it. A file that exists is never opened here: closing it would drop the
 * POSIX locks that this process holds on it.
 */
import { closeSync, openSync } from 'node:fs';

export function createPrivate(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch {
    // It exists, or SQLite will say what stands in the way.
  }
}
