/**
 * Decoded mailbox names -> names on a server that gets mail: its separator, its namespace prefix, its
 * encoding. What it can't spell is replaced, and said so.
 */
import type { TargetName } from '../core/ports/restore.js';
import type { NameContext } from './names.js';
import { encodeMailboxName } from './wire/mailbox-name.js';

/** The name as close to the original as IMAP allows. */
export function targetName(components: readonly string[], context: NameContext): TargetName {
  return named(components, context, (text) => fitted(text, context.delimiter));
}

/**
 * For servers that refuse more than IMAP does (Cyrus, Exchange): letters, digits, spaces, "-" and "_", with a suffix
 * for each level.
 */
export function plainTargetName(
  components: readonly string[],
  suffixes: readonly string[],
  context: NameContext,
): TargetName {
  return named(components, context, (text, at) => {
    const plain = fitted(text, context.delimiter)
      .replace(/[^\p{L}\p{M}\p{N} _-]/gu, '_')
      .trim();
    const short = [...plain].slice(0, MAX_PLAIN).join('');
    return `${short === '' ? '_' : short}${suffixes[at] ?? ''}`;
  });
}

/** Servers have limits of 255 octets or less for a level, counted in their own encoding. */
const MAX_PLAIN = 48;

function named(
  components: readonly string[],
  { delimiter, prefix, utf8 }: NameContext,
  fit: (text: string, at: number) => string,
): TargetName {
  if (components.length === 1 && components[0]!.toUpperCase() === 'INBOX')
    return { wireName: 'INBOX', components: ['INBOX'], changed: false };
  const fits = components.map(fit);
  const levels = delimiter === null ? [fits.join('_')] : fits;
  const own = levels.map((text) => encodeMailboxName(text, utf8)).join(delimiter ?? '');
  // A mailbox below INBOX is where the namespace of such a server begins anyway.
  const isInside = prefix !== '' && own.toUpperCase().startsWith(`INBOX${delimiter}`);
  return {
    wireName: isInside ? own : `${prefix}${own}`,
    components: levels,
    changed: levels.length !== components.length || levels.some((text, at) => text !== components[at]),
  };
}

/** What no mailbox name may hold: the separator, controls, lone surrogates; and a level may not be empty. */
function fitted(text: string, delimiter: string | null): string {
  const whole = delimiter === null ? text : text.replaceAll(delimiter, '_');
  const clean = whole.replace(/[\p{Cc}\p{Surrogate}]/gu, '_');
  return clean === '' ? '_' : clean;
}
