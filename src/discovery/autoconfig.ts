/**
 * The page with which a domain configures mail programs (Thunderbird's autoconfig, config-v1.1.xml), over https
 * with a certificate that is valid for the name asked, also behind a redirect. Whoever holds such a certificate
 * speaks for the domain; but what the page says is still only a name and a port, and both are checked.
 */
import type { Discovery, FoundServer, Protocol } from './discover.js';
import { hostName } from './host-name.js';
import { elementsOf, type XmlElement } from './plain-xml.js';

export interface HttpsAnswer {
  readonly status: number;
  /** The header of a redirect. */
  readonly location: string | null;
  /** At most `PAGE_OCTETS`; longer pages are an error. */
  readonly body: string;
}

/** GET without cookies or credentials; follows nothing. Throws where there is no answer. */
export type Https = (url: URL, signal: AbortSignal) => Promise<HttpsAnswer>;

export const PAGE_OCTETS = 64 * 1024;
const REDIRECTS = 3;

/** null where no page is there or none of its servers can be used. */
export async function autoconfigServer(
  https: Https,
  domain: string,
  protocol: Protocol,
  signal: AbortSignal,
): Promise<Discovery | null> {
  const pages = [
    `https://autoconfig.${domain}/mail/config-v1.1.xml`,
    `https://${domain}/.well-known/autoconfig/mail/config-v1.1.xml`,
  ];
  const found = await Promise.all(
    pages.map(async (page) => {
      const text = await pageAt(https, new URL(page), signal).catch(() => null);
      const server = text === null ? null : serverIn(text, protocol);
      return server === null ? [] : [{ kind: 'server', server, source: page, vouched: true } as const];
    }),
  );
  return found.flat()[0] ?? null;
}

async function pageAt(https: Https, first: URL, signal: AbortSignal): Promise<string | null> {
  let url = first;
  for (let hops = 0; hops <= REDIRECTS; hops++) {
    const { status, location, body } = await https(url, signal);
    if (status === 200) return body;
    if (status < 300 || status >= 400 || location === null) return null;
    url = new URL(location, url);
    const isPlain = url.username === '' && url.password === '' && url.port === '';
    if (url.protocol !== 'https:' || !isPlain || hostName(url.hostname) === null) return null;
  }
  return null;
}

const ENCRYPTION: Readonly<Record<string, FoundServer['tls']>> = { SSL: 'implicit', STARTTLS: 'starttls' };

/** The first server of the protocol that wants TLS. */
function serverIn(text: string, protocol: Protocol): FoundServer | null {
  const root = elementsOf(text);
  if (root?.name !== 'clientConfig') return null;
  const servers = root.children
    .filter(({ name }) => name === 'emailProvider')
    .flatMap(({ children }) => children)
    .filter(({ name, attributes }) => name === 'incomingServer' && attributes.type === protocol);
  for (const server of servers) {
    const host = hostName(textOf(server, 'hostname'));
    const port = /^\d{1,5}$/.test(textOf(server, 'port')) ? Number(textOf(server, 'port')) : 0;
    const tls = ENCRYPTION[textOf(server, 'socketType')];
    if (host !== null && port >= 1 && port <= 65_535 && tls !== undefined) return { host, port, tls };
  }
  return null;
}

function textOf({ children }: XmlElement, name: string): string {
  return children.find((child) => child.name === name)?.text.trim() ?? '';
}
