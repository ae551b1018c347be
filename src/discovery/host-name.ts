/**
 * Names from the network that mailkeep would connect to, in ASCII as DNS has them: letters, digits and hyphens, at
 * least two labels, no address. Whatever else a record or a page says is nobody's mail server.
 */
import { domainToASCII } from 'node:url';

/** In lower case and without the final dot; an international name as punycode. null: it is no such name. */
export function hostName(text: string): string | null {
  // Anything else would be taken for a part of a URL, and cut off or decoded.
  if (!/^[\p{L}\p{M}\p{N}.-]{1,253}$/u.test(text)) return null;
  const name = domainToASCII(text.replace(/\.$/, '')).toLowerCase();
  if (name.length === 0 || name.length > 253) return null;
  const labels = name.split('.');
  const isName = labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label));
  const last = labels.at(-1)!;
  if (!isName || labels.length < 2 || /^\d+$/.test(last) || last === 'localhost' || last === 'local')
    return null;
  return name;
}
