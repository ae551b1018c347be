/**
 * As much of XML as a page of settings needs: elements, attributes, text, comments. A document type, a processing
 * instruction, an entity that is not one of the five, or anything that is not well-formed makes the whole page
 * unreadable, so nothing is expanded, included or fetched. Depth and number of elements are bounded; the caller
 * bounds the length.
 */

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** Of the element itself, without that of its children. */
  readonly text: string;
}

interface Open {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: XmlElement[];
  text: string;
}

const MOST_ELEMENTS = 2000;
const DEEPEST = 32;

const NAME = '[A-Za-z_][A-Za-z0-9_.:-]*';
const DECLARATION = /^\uFEFF?<\?xml version=(?:"1\.[01]"|'1\.[01]')(?:\s[^<>?]*)?\?>/;
const TOKEN = new RegExp(
  [
    '<!--(?:(?!--)[^])*-->',
    `<(?<open>${NAME})(?<attributes>(?:\\s+${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(?<empty>/?)>`,
    `</(?<close>${NAME})\\s*>`,
    '(?<text>[^<]+)',
  ].join('|'),
  'y',
);
const ATTRIBUTE = new RegExp(`(${NAME})\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'g');

/** The root element; null where the text is not such a document. */
export function elementsOf(document: string): XmlElement | null {
  const text = document.replace(DECLARATION, '');
  const top: Open = { name: '', attributes: {}, children: [], text: '' };
  const stack = [top];
  let elements = 0;
  let at = 0;
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const groups = TOKEN.exec(text)?.groups;
    if (groups === undefined) return null;
    at = TOKEN.lastIndex;
    const parent = stack.at(-1)!;
    if (groups.open !== undefined) {
      const attributes = attributesOf(groups.attributes ?? '');
      elements += 1;
      if (attributes === null || elements > MOST_ELEMENTS || stack.length > DEEPEST) return null;
      const element: Open = { name: groups.open, attributes, children: [], text: '' };
      parent.children.push(element);
      if (groups.empty !== '/') stack.push(element);
    } else if (groups.close !== undefined) {
      if (parent === top || stack.pop()!.name !== groups.close) return null;
    } else if (groups.text !== undefined) {
      const plain = unescaped(groups.text);
      if (plain === null || (parent === top && plain.trim() !== '')) return null;
      parent.text += plain;
    }
  }
  return stack.length === 1 && top.children.length === 1 ? top.children[0]! : null;
}

function attributesOf(text: string): Record<string, string> | null {
  const attributes: Record<string, string> = Object.create(null);
  for (const [, name, double, single] of text.matchAll(ATTRIBUTE)) {
    const value = unescaped(double ?? single ?? '');
    if (value === null || attributes[name!] !== undefined) return null;
    attributes[name!] = value;
  }
  return attributes;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(text: string): string | null {
  let known = true;
  const plain = text.replaceAll(/&([^;&\s]{0,8};)?/g, (_, name: string | undefined) => {
    const character = name === undefined ? undefined : ENTITIES[name.slice(0, -1)];
    known &&= character !== undefined;
    return character ?? '';
  });
  return known ? plain : null;
}
