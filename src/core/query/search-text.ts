/**
 * How text becomes search tokens, once for every way of searching: whoever matches in memory and whoever
 * feeds a full-text index uses these, so that both give the same answers. Letter case, accents, full and
 * half width, and composed or decomposed spelling make no difference. A token is a run of letters, digits
 * and private-use characters; in scripts that are written without spaces every character is its own token,
 * so that one is enough to find a word by.
 */

/** Stands between texts that a phrase must not reach across; no token holds it. */
const BOUNDARY = '¦';

/** Han, kana, hangul; and the scripts of South-East Asia that put no space between words. */
const UNSPACED =
  '[\\p{scx=Han}\\p{scx=Hira}\\p{scx=Kana}\\p{scx=Bopo}\\p{scx=Hang}\\p{scx=Thai}\\p{scx=Laoo}\\p{scx=Khmr}\\p{scx=Mymr}]';
const TOKEN = new RegExp(
  `(?=[\\p{L}\\p{N}])${UNSPACED}\\p{M}*|(?!${UNSPACED})[\\p{L}\\p{N}\\p{Co}](?:\\p{M}|(?!${UNSPACED})[\\p{L}\\p{N}\\p{Co}])*`,
  'gu',
);

/**
 * Accents, vowel points and variation selectors, and the invisible characters that stand inside words.
 * The marks that make another letter (kana voicing, Indic vowel signs) are not accents.
 */
const DROPPED =
  /(?![\u3099\u309a])(?=\p{M})\p{Script=Inherited}|[\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed]|\u00ad|\u200c|\u200d|\u2060|\ufeff/gu;

export function searchTokens(text: string): string[] {
  // Printable ASCII is most of all mail.
  if (/^[\n\r\t -~]*$/.test(text)) return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return fold(text).match(TOKEN) ?? [];
}

/**
 * For a full-text index: the tokens of each text joined by spaces, the texts kept apart. With FTS5's
 * `ascii` tokenizer, which takes every non-ASCII character for part of a token, the index holds exactly
 * the tokens that `searchTokens` gives.
 */
export function searchableText(texts: readonly string[]): string {
  return texts.map((text) => searchTokens(text).join(' ')).join(` ${BOUNDARY} `);
}

/** Whether the tokens of the phrase stand in the text one after the other. */
export function holdsPhrase(text: readonly string[], phrase: readonly string[]): boolean {
  const first = phrase[0];
  if (first === undefined) return false;
  const last = text.length - phrase.length;
  for (let at = text.indexOf(first); at !== -1 && at <= last; at = text.indexOf(first, at + 1)) {
    if (phrase.every((token, offset) => text[at + offset] === token)) return true;
  }
  return false;
}

function fold(text: string): string {
  return (
    text
      .normalize('NFKD')
      .replace(DROPPED, '')
      // Down, up and down: ẞ is ß, ß is SS, ı is I; both sigmas are one.
      .toLowerCase()
      .toUpperCase()
      .toLowerCase()
      .replaceAll('ς', 'σ')
      .normalize('NFC')
  );
}
