/**
 * A name for a file that a message brought, as a file may be called anywhere: no path, nothing that a
 * terminal or a file system obeys, not hidden, not too long. The extension survives.
 */

import { cutTo, octets } from './utf8.js';

/** Octets of UTF-8; file systems take 255, and a number may come behind. */
const MAX_OCTETS = 200;
const MAX_EXTENSION = 20;

/** Names that Windows gives to devices. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** `fallback` is used where nothing is left of the name. */
export function safeFileName(name: string | null, fallback: string): string {
  const last = (name ?? '').normalize('NFC').split(/[/\\]/).at(-1)!;
  const plain = last
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029<>:"|?*]/gu, '_')
    .replace(/^[\s.]+/, '')
    .replace(/[\s.]+$/, '');
  const safe = DEVICE.test(plain) ? `_${plain}` : plain;
  return /^_*$/.test(safe) ? fallback : shortened(safe);
}

/** The name with a number before its extension; number 1 is the name itself. */
export function numberedName(name: string, number: number): string {
  if (number === 1) return name;
  const { stem, extension } = parted(name);
  return `${stem} (${number})${extension}`;
}

function shortened(name: string): string {
  if (octets(name) <= MAX_OCTETS) return name;
  const { stem, extension } = parted(name);
  return cutTo(stem, MAX_OCTETS - octets(extension)).trimEnd() + extension;
}

function parted(name: string): { stem: string; extension: string } {
  const dot = name.lastIndexOf('.');
  if (dot <= 0 || octets(name.slice(dot)) > MAX_EXTENSION) return { stem: name, extension: '' };
  return { stem: name.slice(0, dot), extension: name.slice(dot) };
}
