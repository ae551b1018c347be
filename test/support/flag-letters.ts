/** Maildir's letters for flags, written down a second time: a mistake in the program's own table must show. */
export const FLAG_OF_LETTER: Readonly<Record<string, string>> = {
  D: '\\Draft',
  F: '\\Flagged',
  P: '$Forwarded',
  R: '\\Answered',
  S: '\\Seen',
  T: '\\Deleted',
};
