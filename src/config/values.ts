/**
 * The little languages inside the configuration's texts: durations, sizes, addresses, fingerprints.
 * Each function returns the value or undefined; it throws nothing and never reads clock or environment.
 */
import type { RateLimit } from '../core/byte-budget.js';
import type { ListenAddress } from './config.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Units of short spans, where "m" is minutes. */
const SHORT_UNITS: Readonly<Record<string, number>> = {
  s: 1000,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
  w: 7 * DAY_MS,
};

/** Units of long spans, where "m" is months. The longest month and year count, so nothing goes early. */
const LONG_UNITS: Readonly<Record<string, number>> = {
  d: DAY_MS,
  w: 7 * DAY_MS,
  m: 31 * DAY_MS,
  y: 366 * DAY_MS,
};

const LONGEST_MS = 1000 * 366 * DAY_MS;

/** "90s", "30m" (minutes), "24h", "7d", "2w" in milliseconds, never 0. */
export function parseShortSpan(text: string): number | undefined {
  const ms = parseSpan(text, SHORT_UNITS);
  return ms === 0 ? undefined : ms;
}

/** "30d", "8w", "12m" (months), "2y" in milliseconds. */
export function parseLongSpan(text: string): number | undefined {
  return parseSpan(text, LONG_UNITS);
}

function parseSpan(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d{1,6}) ?([a-z])$/.exec(text);
  const unit = match && units[match[2]!];
  if (!match || !unit) return undefined;
  const ms = Number(match[1]) * unit;
  return ms <= LONGEST_MS ? ms : undefined;
}

/** Decimal with "B" (MB is 10^6), binary with "iB" or alone (MiB and M are 2^20). */
const SIZE_PATTERN = /^(\d{1,9}(?:\.\d{1,3})?) ?([KMGT]?)(iB|B)?$/i;

/** "500K", "2000MB", "1.5GiB" in bytes, rounded, never 0. */
export function parseSize(text: string): number | undefined {
  const match = SIZE_PATTERN.exec(text);
  if (!match) return undefined;
  const power = ['', 'K', 'M', 'G', 'T'].indexOf(match[2]!.toUpperCase());
  const base = match[3]?.toUpperCase() === 'B' ? 1000 : 1024;
  if (power === 0 && match[3]?.toUpperCase() === 'IB') return undefined;
  const bytes = Math.round(Number(match[1]) * base ** power);
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}

const PERIODS: Readonly<Record<string, number>> = {
  s: 1000,
  second: 1000,
  min: MINUTE_MS,
  minute: MINUTE_MS,
  h: HOUR_MS,
  hour: HOUR_MS,
  d: DAY_MS,
  day: DAY_MS,
};

/** "2000MB/day", "1M/s". */
export function parseRate(text: string): RateLimit | undefined {
  const slash = text.lastIndexOf('/');
  const bytes = parseSize(text.slice(0, Math.max(slash, 0)).trim());
  const period = text.slice(slash + 1).trim();
  const perMs = Object.hasOwn(PERIODS, period) ? PERIODS[period] : undefined;
  return bytes !== undefined && perMs !== undefined ? { bytes, perMs } : undefined;
}

/** "127.0.0.1:8025", "[::1]:8025" or "unix:/path"; the path is as written. */
export function parseListen(text: string): ListenAddress | undefined {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    return path === '' || hasControls(path) ? undefined : { kind: 'unix', path };
  }
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (!match || host === undefined || !isHost(host)) return undefined;
  const port = Number(match[3]);
  return port <= 65535 ? { kind: 'tcp', host, port } : undefined;
}

/** "sha256:" and 64 hex digits, with or without colons, as Node's `fingerprint256` writes it. */
export function parseFingerprint(text: string): string | undefined {
  const match = /^sha256:((?:[0-9a-f]{2}:){31}[0-9a-f]{2}|[0-9a-f]{64})$/i.exec(text);
  return match?.[1]?.replaceAll(':', '').toUpperCase().match(/../g)?.join(':');
}

/** A host name (also an international one) or an IPv4 or IPv6 address without brackets. */
export function isHost(text: string): boolean {
  if (text.length > 253) return false;
  if (/^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9._-]+)?$/.test(text)) return true;
  return text.split('.').every((label, index, all) => {
    if (label === '') return index === all.length - 1 && index > 0;
    return /^[\p{L}\p{M}\p{N}_](?:[\p{L}\p{M}\p{N}_-]*[\p{L}\p{M}\p{N}_])?$/u.test(label);
  });
}

/** Hosts whose traffic never leaves the machine. A name that only looks like one doesn't count. */
export function isLoopback(host: string): boolean {
  if (host === '::1' || /^localhost\.?$/i.test(host)) return true;
  return /^127(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(host);
}

export function isTimezone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

export function isUrl(text: string, protocols: readonly string[]): boolean {
  if (hasControls(text) || !URL.canParse(text)) return false;
  const url = new URL(text);
  return protocols.includes(url.protocol) && url.hostname !== '';
}

/** Control characters could end a line of the protocol that the text is sent in. */
export function hasControls(text: string): boolean {
  return /[\x00-\x1f\x7f]/.test(text);
}
