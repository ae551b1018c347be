/**
 * HTML reduced to the text that a reader would search for: tags, comments, scripts and styles dropped, block
 * elements apart, character references resolved. It reads every character once, whatever the nesting; it
 * builds no tree and knows no layout, since nothing here is shown.
 */

/** Elements whose content is not text. */
const NO_TEXT = new Set(['script', 'style', 'template']);

/** Elements within a line: what stands on both sides of their tags can be one word. */
const INLINE = new Set(
  'a abbr b bdi bdo big cite code del dfn em font i ins kbd mark o:p q s samp small span strike strong sub sup tt u var wbr'.split(
    ' ',
  ),
);

/** Characters that are looked at: most of them are no text. */
const MAX_HTML = 8_000_000;

export function textOfHtml(document: string): string {
  const html = document.slice(0, MAX_HTML);
  const pieces: string[] = [];
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    if (open === -1) break;
    if (open > at) pieces.push(html.slice(at, open));
    const tag = tagAt(html, open);
    if (!INLINE.has(tag.name)) pieces.push('\n');
    at = tag.end;
  }
  pieces.push(html.slice(at));
  return withoutReferences(pieces.join(''))
    .replace(/[^\S\n]+/g, ' ')
    .replace(/\s*\n\s*/g, '\n')
    .trim();
}

/** The tag or comment at a "<" and the end of all that it hides; a lone "<" is a tag of its own. */
function tagAt(html: string, open: number): { name: string; end: number } {
  if (html.startsWith('<!--', open)) return { name: 'wbr', end: endAfter(html, '-->', open + 4) };
  const name = /^<\/?([a-z][a-z0-9:]{0,15})/i.exec(html.slice(open, open + 18))?.[1]?.toLowerCase();
  if (name === undefined && !/^<[!?/]/.test(html.slice(open, open + 2))) {
    return { name: 'wbr', end: open + 1 };
  }
  const end = endAfter(html, '>', open);
  if (name === undefined || html[open + 1] === '/' || !NO_TEXT.has(name)) return { name: name ?? 'wbr', end };
  return { name, end: afterElement(html, name, end) };
}

function endAfter(html: string, mark: string, from: number): number {
  const found = html.indexOf(mark, from);
  return found === -1 ? html.length : found + mark.length;
}

function afterElement(html: string, name: string, from: number): number {
  const close = new RegExp(`</${name}[^>]{0,40}>`, 'gi');
  close.lastIndex = from;
  return close.test(html) ? close.lastIndex : html.length;
}

/** `&eacute;` and its kind are a letter and a combining mark. */
const MARKS: Readonly<Record<string, string>> = {
  grave: '\u0300',
  acute: '\u0301',
  circ: '\u0302',
  tilde: '\u0303',
  macr: '\u0304',
  breve: '\u0306',
  dot: '\u0307',
  uml: '\u0308',
  ring: '\u030a',
  dblac: '\u030b',
  caron: '\u030c',
  cedil: '\u0327',
  ogon: '\u0328',
};

const GREEK =
  'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigmaf sigma tau upsilon phi chi psi omega'.split(
    ' ',
  );

/** References whose characters can be searched for or part words; others stand as they are written. */
const NAMED = new Map<string, string>([
  ...Object.entries({
    amp: '&',
    lt: '<',
    gt: '>',
    quot: '"',
    apos: "'",
    nbsp: ' ',
    ensp: ' ',
    emsp: ' ',
    thinsp: ' ',
    shy: '\u00ad',
    zwnj: '\u200c',
    zwj: '\u200d',
    szlig: 'ß',
    aelig: 'æ',
    AElig: 'Æ',
    oelig: 'œ',
    OElig: 'Œ',
    oslash: 'ø',
    Oslash: 'Ø',
    aring: 'å',
    Aring: 'Å',
    eth: 'ð',
    ETH: 'Ð',
    thorn: 'þ',
    THORN: 'Þ',
    lstrok: 'ł',
    Lstrok: 'Ł',
    dstrok: 'đ',
    Dstrok: 'Đ',
    inodot: 'ı',
    euro: '€',
    pound: '£',
    yen: '¥',
    cent: '¢',
    sect: '§',
    copy: '©',
    reg: '®',
    trade: '™',
    deg: '°',
    micro: 'µ',
    ordf: 'ª',
    ordm: 'º',
    sup1: '¹',
    sup2: '²',
    sup3: '³',
    frac12: '½',
    frac14: '¼',
    frac34: '¾',
    middot: '·',
    bull: '•',
    hellip: '…',
    ndash: '–',
    mdash: '—',
    lsquo: '‘',
    rsquo: '’',
    sbquo: '‚',
    ldquo: '“',
    rdquo: '”',
    bdquo: '„',
    laquo: '«',
    raquo: '»',
    iexcl: '¡',
    iquest: '¿',
    times: '×',
    minus: '−',
  }),
  ...GREEK.map((name, index): [string, string] => [name, String.fromCodePoint(0x3b1 + index)]),
  ...GREEK.map((name, index): [string, string] => [
    name.charAt(0).toUpperCase() + name.slice(1),
    String.fromCodePoint(0x391 + index),
  ]),
]);

function withoutReferences(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z][a-z0-9]{1,8}));?/gi,
    (whole, hex, decimal, name) => {
      if (name !== undefined) return NAMED.get(name) ?? accented(name) ?? whole;
      const point = hex !== undefined ? Number.parseInt(hex, 16) : Number(decimal);
      return point > 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff)
        ? String.fromCodePoint(point)
        : ' ';
    },
  );
}

function accented(name: string): string | null {
  const mark = MARKS[name.slice(1)];
  return mark === undefined ? null : (name.charAt(0) + mark).normalize('NFC');
}
