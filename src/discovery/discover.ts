/**
 * Where a domain says its mail server is: its own SRV records (RFC 6186), the autoconfig page that mail programs
 * ask for, or a provider that its MX records name. Only asked if a person wants it; the mail address is sent to
 * nobody, every question has a time limit, plain HTTP is never spoken, and a server without TLS is never named.
 * An answer that anybody on the way could have made up is marked as not vouched for.
 */
import { autoconfigServer, type Https } from './autoconfig.js';
import { hostName } from './host-name.js';

export type Protocol = 'imap' | 'pop3';

export interface FoundServer {
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls';
}

export type Discovery =
  | {
      readonly kind: 'server';
      readonly server: FoundServer;
      /** For people: where the answer comes from. */
      readonly source: string;
      /** Whether the answer can't lead away from the domain: it came over TLS, or stays below the domain. */
      readonly vouched: boolean;
    }
  /** The domain's mail exchanger: the caller knows whose it is, or doesn't. */
  | { readonly kind: 'exchanger'; readonly host: string; readonly source: string };

/** As node:dns/promises has it; both throw where there is nothing. */
export interface NameService {
  resolveSrv(
    name: string,
  ): Promise<readonly { name: string; port: number; priority: number; weight: number }[]>;
  resolveMx(name: string): Promise<readonly { exchange: string; priority: number }[]>;
}

export interface DiscoveryPorts {
  readonly names: NameService;
  readonly https: Https;
  /** Milliseconds for everything. */
  readonly patienceMs: number;
}

/** What the domain says, the best first; empty where it says nothing that could be used. Throws only when aborted. */
export async function discoverServer(
  ports: DiscoveryPorts,
  domain: string,
  protocol: Protocol,
  signal: AbortSignal,
): Promise<readonly Discovery[]> {
  const name = hostName(domain);
  if (name === null) return [];
  const patience = AbortSignal.any([signal, AbortSignal.timeout(ports.patienceMs)]);
  const [records, page, exchangers] = await Promise.all([
    within(patience, srvServers(ports.names, name, protocol), []),
    within(patience, autoconfigServer(ports.https, name, protocol, patience), null),
    within(patience, exchangersOf(ports.names, name), []),
  ]);
  signal.throwIfAborted();
  const said = [...records, ...(page === null ? [] : [page])];
  return [
    ...said.filter((found) => found.kind === 'server' && found.vouched),
    ...exchangers,
    ...said.filter((found) => found.kind === 'server' && !found.vouched),
  ];
}

const SERVICES = {
  imap: [
    ['_imaps._tcp', 'implicit'],
    ['_imap._tcp', 'starttls'],
  ],
  pop3: [
    ['_pop3s._tcp', 'implicit'],
    ['_pop3._tcp', 'starttls'],
  ],
} as const;

/** RFC 6186 section 6: a target outside the domain has to be confirmed, since DNS may be forged. */
async function srvServers(names: NameService, domain: string, protocol: Protocol): Promise<Discovery[]> {
  const answers = await Promise.all(
    SERVICES[protocol].map(async ([service, tls]) => {
      const records = await names.resolveSrv(`${service}.${domain}`).catch(() => []);
      const [best] = records.toSorted((a, b) => a.priority - b.priority || b.weight - a.weight);
      // A target of "." says that there is no such service.
      const host = best === undefined ? null : hostName(best.name);
      if (best === undefined || host === null || best.port < 1 || best.port > 65_535) return [];
      const server = { host, port: best.port, tls };
      const source = `the SRV record ${service}.${domain}`;
      return [{ kind: 'server', server, source, vouched: isBelow(host, domain) } as const];
    }),
  );
  return answers.flat();
}

async function exchangersOf(names: NameService, domain: string): Promise<Discovery[]> {
  const records = await names.resolveMx(domain).catch(() => []);
  const [best] = records.toSorted((a, b) => a.priority - b.priority);
  const host = best === undefined ? null : hostName(best.exchange);
  return host === null ? [] : [{ kind: 'exchanger', host, source: `the MX record of ${domain}` }];
}

function isBelow(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`);
}

/** What the work comes to, or `otherwise` where it fails or the signal is quicker. */
async function within<T>(signal: AbortSignal, work: Promise<T>, otherwise: T): Promise<T> {
  let give = () => {};
  const late = new Promise<T>((resolve) => {
    give = () => resolve(otherwise);
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
  try {
    return await Promise.race([work.catch(() => otherwise), late]);
  } finally {
    signal.removeEventListener('abort', give);
  }
}
