/** What the file system says, in words: Node's own sentence repeats the call and the path, which are in ours. */

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'the file system is read-only',
  ENOENT: 'there is nothing of that name',
  ENOTDIR: 'a file is where a folder should be',
  EEXIST: 'something of that name is there already',
  EISDIR: 'it is a folder',
  ENOTEMPTY: 'the folder is not empty',
  ENOSPC: 'no space left',
  EDQUOT: 'the quota of the disk is used up',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  ENAMETOOLONG: 'the name is too long for the file system',
  ELOOP: 'symbolic links lead in a circle',
  EIO: 'the disk reports an error',
  EADDRINUSE: 'another program has the address',
  EADDRNOTAVAIL: 'this machine has no such address',
};

/** Such as "no permission (EACCES)"; the error's own words where it has no code that is known. */
export function fileProblem(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const words = WORDS[code];
  return words === undefined ? error.message : `${words} (${code})`;
}
