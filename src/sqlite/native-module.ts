/**
 * SQLite is a native module: it is fetched or built when mailkeep is installed, for one version of Node.js. A
 * copied node_modules, another Node.js or an npm that runs no install scripts (12 and newer) leave it unusable,
 * which is nobody's archive being damaged and no bug of mailkeep.
 */
import { ArchiveError } from '../core/errors.js';

/** What to tell of an error that comes from loading the module; null: it comes from elsewhere. */
export function unloadable(error: unknown): ArchiveError | null {
  if (!(error instanceof Error)) return null;
  const reason = reasonOf(error);
  if (reason === null) return null;
  return new ArchiveError(`SQLite can't be loaded into Node.js ${process.versions.node}: ${reason}`, {
    code: 'internal',
    hint: 'install mailkeep again with the Node.js that runs it: npm install --global --allow-scripts=mailkeep,better-sqlite3 FILE.tgz (in a clone: npm rebuild better-sqlite3). Nothing was changed',
    cause: error,
  });
}

function reasonOf(error: Error): string | null {
  if (error.message.startsWith('Could not locate the bindings file'))
    return 'its native module was not built when mailkeep was installed';
  if ((error as NodeJS.ErrnoException).code !== 'ERR_DLOPEN_FAILED') return null;
  return error.message.includes('NODE_MODULE_VERSION')
    ? 'its native module was built for another version of Node.js'
    : `its native module does not fit this machine (${error.message.split('\n')[0]})`;
}
