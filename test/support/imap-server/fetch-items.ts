// The items of a FETCH: read from the command, and given their value for one message.

import type { CommandArguments } from './command-arguments.js';
import { bad } from './command-error.js';
import { bodyOf, type Message, sizeOf } from './message.js';
import { formatInternalDate, type RowItem } from './responses.js';
import type { Session } from './session.js';

export interface FetchItem {
  /** As the answer names it, e.g. `BODY[HEADER]`, without `.PEEK` and `<origin>`. */
  readonly name: string;
  /** Which part of the body; undefined for an item that is no body section. */
  readonly section?: Section;
  /** Reading it sets \Seen. */
  readonly marksSeen?: true;
}

export interface Section {
  readonly part: '' | 'HEADER' | 'TEXT' | 'HEADER.FIELDS' | 'HEADER.FIELDS.NOT';
  /** Lower-case field names of HEADER.FIELDS. */
  readonly fields: readonly string[];
  readonly partial?: { readonly origin: number; readonly length: number };
}

const SIMPLE = ['UID', 'FLAGS', 'INTERNALDATE', 'RFC822.SIZE'];
const FAST = ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE'];
const NEEDS: Readonly<Record<string, string>> = {
  MODSEQ: 'CONDSTORE',
  EMAILID: 'OBJECTID',
  'X-GM-MSGID': 'X-GM-EXT-1',
  'X-GM-LABELS': 'X-GM-EXT-1',
};

/** One item or a list of them. UID is put first when the command is UID FETCH. */
export function readFetchItems(session: Session, args: CommandArguments, byUid: boolean): FetchItem[] {
  const alone = args.next !== '(';
  const items = args.oneOrList(() => readItem(session, args, alone)).flat();
  const withoutUid = items.filter(({ name }) => name !== 'UID');
  return byUid || withoutUid.length < items.length ? [{ name: 'UID' }, ...withoutUid] : items;
}

function readItem(session: Session, args: CommandArguments, alone: boolean): FetchItem[] {
  const name = args.match(/[A-Za-z0-9.-]+/y, 'a fetch item').toUpperCase();
  if (alone && name === 'FAST') return FAST.map((fast) => ({ name: fast }));
  if (name === 'RFC822') return [{ name, section: { part: '', fields: [] }, marksSeen: true }];
  if (name === 'RFC822.HEADER') return [{ name, section: { part: 'HEADER', fields: [] } }];
  if (name === 'RFC822.TEXT') return [{ name, section: { part: 'TEXT', fields: [] }, marksSeen: true }];
  if (args.next === '[' && (name === 'BODY' || name === 'BODY.PEEK'))
    return [readSection(args, name === 'BODY')];
  const needed = NEEDS[name];
  if (needed !== undefined) session.require(needed);
  else if (!SIMPLE.includes(name)) throw bad(`Unknown fetch item ${name}`);
  if (name === 'MODSEQ') session.enabled.add('CONDSTORE');
  return [{ name }];
}

function readSection(args: CommandArguments, marksSeen: boolean): FetchItem {
  args.expect('[');
  const part = args.next === ']' ? '' : args.keyword();
  const fields: string[] = [];
  if (part === 'HEADER.FIELDS' || part === 'HEADER.FIELDS.NOT') {
    args.space();
    fields.push(...args.list(() => args.astring()));
  } else if (part !== '' && part !== 'HEADER' && part !== 'TEXT') {
    throw bad(`Unknown body section ${part}`);
  }
  args.expect(']');
  const shown = fields.length > 0 ? `${part} (${fields.join(' ')})` : part;
  const section: Section = { part, fields: fields.map((field) => field.toLowerCase()), ...readPartial(args) };
  return { name: `BODY[${shown}]`, section, ...(marksSeen ? { marksSeen } : {}) };
}

function readPartial(args: CommandArguments): Pick<Section, 'partial'> {
  if (!args.accept('<')) return {};
  const origin = args.number();
  args.expect('.');
  const length = args.number();
  args.expect('>');
  if (length === 0) throw bad('Invalid partial length');
  return { partial: { origin, length } };
}

/** The item as the row shows it. A message that is gone has no size and a NIL body, as in Dovecot. */
export function itemValue(item: FetchItem, message: Message | undefined, uid: number): RowItem {
  const { name, section } = item;
  if (section !== undefined) {
    const shown = section.partial === undefined ? name : `${name}<${section.partial.origin}>`;
    return {
      name: shown,
      value: message === undefined ? 'NIL' : { bytes: sectionBytes(section, bodyOf(message)) },
    };
  }
  return { name, value: simpleValue(name, message, uid) };
}

function simpleValue(name: string, message: Message | undefined, uid: number): string {
  switch (name) {
    case 'UID':
      return String(uid);
    case 'FLAGS':
      return `(${message?.flags.join(' ') ?? ''})`;
    case 'INTERNALDATE':
      return formatInternalDate(message?.internalDate ?? { seconds: 0, zone: 0 });
    case 'RFC822.SIZE':
      return String(message === undefined ? 0 : sizeOf(message));
    case 'MODSEQ':
      return `(${message?.modseq ?? 1n})`;
    case 'EMAILID':
      return message === undefined ? 'NIL' : `(M${message.identity})`;
    case 'X-GM-MSGID':
      return String(message?.identity ?? 0n);
    default:
      return `(${message?.labels.join(' ') ?? ''})`;
  }
}

function sectionBytes({ part, fields, partial }: Section, body: Buffer): Buffer {
  const bytes = part === '' ? body : part === 'TEXT' ? splitBody(body).text : headerBytes(part, fields, body);
  return partial === undefined ? bytes : bytes.subarray(partial.origin, partial.origin + partial.length);
}

function headerBytes(part: string, fields: readonly string[], body: Buffer): Buffer {
  const { header } = splitBody(body);
  if (part === 'HEADER') return header;
  const wanted = headerFields(header).filter(
    (field) => fields.includes(fieldName(field)) === (part === 'HEADER.FIELDS'),
  );
  return Buffer.from(`${wanted.join('')}\r\n`, 'latin1');
}

/** The header with the empty line that ends it, and what follows. */
export function splitBody(body: Buffer): { header: Buffer; text: Buffer } {
  const found = /^(?:[\s\S]*?\r?\n)??\r?\n/.exec(body.toString('latin1', 0, 1 << 20));
  const end = found === null ? body.length : found[0].length;
  return { header: body.subarray(0, end), text: body.subarray(end) };
}

/** Each field with its folded lines and line end, latin1. */
export function headerFields(header: Buffer): string[] {
  return header.toString('latin1').match(/[^\r\n][^\n]*\n(?:[ \t][^\n]*\n)*/g) ?? [];
}

/** Lower case. */
export function fieldName(field: string): string {
  return field
    .slice(0, Math.max(0, field.indexOf(':')))
    .trimEnd()
    .toLowerCase();
}
