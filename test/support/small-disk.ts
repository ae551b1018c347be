// A file system of a few megabytes that can be full: a tmpfs, which only root may mount.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class SmallDisk {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Why there can't be one here; undefined when there can. */
  static whyNot(): string | undefined {
    try {
      new SmallDisk(mount(1)).remove();
      return undefined;
    } catch {
      return 'mounting a tmpfs takes root';
    }
  }

  static make(megabytes: number): SmallDisk {
    return new SmallDisk(mount(megabytes));
  }

  /** From now on nothing on it can be changed. */
  seal(): void {
    execFileSync('mount', ['-o', 'remount,ro', this.folder]);
  }

  remove(): void {
    execFileSync('umount', ['-l', this.folder]);
    rmdirSync(this.folder);
  }

  [Symbol.dispose](): void {
    this.remove();
  }
}

function mount(megabytes: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'mailkeep-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'pipe' });
  } catch (error) {
    rmdirSync(folder);
    throw error;
  }
  return folder;
}
