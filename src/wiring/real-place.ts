/** Where on the disk a path leads, to tell whether it lies in the archives. */
import { realpathSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';

/** With links followed as far as the path exists. */
export function realPlace(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return dirname(path) === path ? path : join(realPlace(dirname(path)), basename(path));
  }
}

/** Both are real places. */
export function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : `${outer}${sep}`);
}
