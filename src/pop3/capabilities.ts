/** What the server can do (RFC 2449). A server without CAPA can do what RFC 1939 asks of all. */
import { RefusedError } from './errors.js';
import type { Session } from './session.js';

export interface Capabilities {
  /** false where the server has no CAPA: nothing is known then. */
  readonly told: boolean;
  has(name: string): boolean;
  /** In capitals, sorted. */
  readonly names: readonly string[];
  /** SASL mechanisms in capitals. */
  readonly mechanisms: ReadonlySet<string>;
  /** Seconds that must pass between two sign-ins; null where not told. */
  readonly loginDelay: number | null;
}

const MAX_CAPABILITIES = 200;

export async function askCapabilities(session: Session): Promise<Capabilities> {
  const lines: string[] = [];
  try {
    await session.lines('CAPA', 'CAPA\r\n', MAX_CAPABILITIES, (line) => lines.push(line));
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return { told: false, has: () => false, names: [], mechanisms: new Set(), loginDelay: null };
  }
  const words = lines.map((line) => line.trim().toUpperCase().split(/ +/));
  const named = new Map(words.map(([name = '', ...values]) => [name, values]));
  const delay = Number(named.get('LOGIN-DELAY')?.[0]);
  return {
    told: true,
    has: (name) => named.has(name),
    names: [...named.keys()].sort(),
    mechanisms: new Set(named.get('SASL') ?? []),
    loginDelay: Number.isSafeInteger(delay) && delay > 0 ? Math.min(delay, 86_400) : null,
  };
}
