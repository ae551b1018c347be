/**
 * Where a domain says its IMAP server is (RFC 6186): SRV records. The answer may be forged by whoever is in the
 * way, so it is a proposal to a person, and the certificate is checked against the name that was agreed to.
 */
import { resolveSrv } from 'node:dns/promises';

export interface Discovered {
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls';
}

/** null where the domain says nothing, or that it has none ("."). */
export async function discoverServer(domain: string): Promise<Discovered | null> {
  for (const [service, tls] of [
    ['_imaps._tcp', 'implicit'],
    ['_imap._tcp', 'starttls'],
  ] as const) {
    const records = await resolveSrv(`${service}.${domain}`).catch(() => []);
    const best = records.toSorted((a, b) => a.priority - b.priority || b.weight - a.weight)[0];
    if (best !== undefined && best.name !== '' && best.name !== '.')
      return { host: best.name.replace(/\.$/, ''), port: best.port, tls };
  }
  return null;
}
