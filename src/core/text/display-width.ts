/**
 * How many columns of a terminal a text takes: two for East Asian wide characters and emoji, none for what
 * combines with the character before. For text that `printable` has been through.
 */

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

export function displayWidth(text: string): number {
  let width = 0;
  let narrow = false;
  for (const character of text) {
    // What asks for the picture instead of the sign before it: two columns.
    if (character === '\ufe0f' && narrow) width += 1;
    narrow = false;
    if (/\p{M}|[\u200b-\u200d\u2060]/u.test(character)) continue;
    narrow = !WIDE.test(character);
    width += narrow ? 1 : 2;
  }
  return width;
}
