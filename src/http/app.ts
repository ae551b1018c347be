/**
 * What is served over HTTP: four documents about the daemon's state, to be read and nothing else. No request
 * changes anything, and no message, subject or address is reachable here.
 */
import { Hono } from 'hono';

export interface HttpSources {
  /** Whether the daemon works. */
  readonly healthy: () => boolean;
  /** The accounts that are stale, failed or on hold; empty: ready. */
  readonly unready: () => readonly object[];
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** The document of `status --json`. */
  readonly status: () => object;
}

export interface HttpAppOptions {
  /** Whether only this machine can reach the address. */
  readonly local: boolean;
  /** The host that was configured. */
  readonly host: string;
  readonly onError: (error: unknown) => void;
}

type Answer = () => Response | Promise<Response>;

export function httpApp(sources: HttpSources, options: HttpAppOptions): Hono {
  const app = new Hono();
  const answers: Readonly<Record<string, Answer>> = {
    '/healthz': () => (sources.healthy() ? text(200, 'ok\n') : text(503, 'not working\n')),
    '/readyz': () => {
      const unready = sources.unready();
      return unready.length === 0 ? text(200, 'ok\n') : json(503, unready);
    },
    '/metrics': async () => {
      const { contentType, text: body } = await sources.metrics();
      return answer(200, body, contentType);
    },
    '/status': () => json(200, sources.status()),
  };
  app.use(async (context, next) => {
    if (options.local && !isLocalHost(context.req.header('host'), options.host)) {
      context.res = text(421, 'this address is not served under that name\n');
      return;
    }
    await next();
  });
  for (const [path, respond] of Object.entries(answers)) {
    // Hono answers HEAD with what GET would say, without the body.
    app.get(path, () => respond());
    app.all(path, () => answer(405, 'only GET and HEAD\n', TEXT, { allow: 'GET, HEAD' }));
  }
  app.notFound(() => text(404, 'not found\n'));
  app.onError((error) => {
    options.onError(error);
    return text(500, 'internal error\n');
  });
  return app;
}

const TEXT = 'text/plain; charset=utf-8';

function text(status: number, body: string): Response {
  return answer(status, body, TEXT);
}

function json(status: number, body: object): Response {
  return answer(status, `${JSON.stringify(body)}\n`, 'application/json');
}

function answer(
  status: number,
  body: string,
  type: string,
  more: Readonly<Record<string, string>> = {},
): Response {
  return new Response(body, {
    status,
    headers: {
      'content-type': type,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...more,
    },
  });
}

/**
 * A web page can have its own name point to 127.0.0.1 and read what is served there as its own (DNS
 * rebinding); its requests carry that name. The header serves for nothing else.
 */
function isLocalHost(header: string | undefined, configured: string): boolean {
  if (header === undefined) return true;
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+))(?::\d{1,5})?$/.exec(header);
  const host = (match?.[1] ?? match?.[2] ?? '').toLowerCase();
  return (
    host === configured.toLowerCase() ||
    host === 'localhost' ||
    host === '::1' ||
    /^127(?:\.\d{1,3}){3}$/.test(host)
  );
}
