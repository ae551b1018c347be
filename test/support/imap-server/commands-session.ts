// Commands about the connection itself: greeting, capabilities, identity, namespaces, extensions, TLS.

import { bad } from './command-error.js';
import type { Outcome } from './commands.js';
import { formatString } from './responses.js';
import type { CommandContext, Session } from './session.js';

export function greeting({ session, tag }: CommandContext): Outcome {
  if (tag !== '*') throw bad('Unknown command GREETING');
  return `[CAPABILITY ${capabilitiesFor(session)}] Ready.`;
}

export function capability({ session, args, reply }: CommandContext): Outcome {
  args.end();
  reply.line(`* CAPABILITY ${capabilitiesFor(session)}`);
  return undefined;
}

/** STARTTLS is not offered a second time. */
function capabilitiesFor(session: Session): string {
  return session.server.announced.filter((name) => name !== 'STARTTLS' || !session.secured).join(' ');
}

export function noop({ args }: CommandContext): Outcome {
  args.end();
  return undefined;
}

export function logout({ session, args, reply }: CommandContext): Outcome {
  args.end();
  reply.line('* BYE Logging out');
  session.end();
  return undefined;
}

export function id({ args, reply }: CommandContext): Outcome {
  args.space();
  if (args.next === '(')
    args.list(() => (args.next === '"' || args.next === '{' ? args.string() : args.atom()));
  else if (args.keyword() !== 'NIL') throw bad('Expected a list');
  args.end();
  reply.line('* ID ("name" "mailkeep test server" "version" "1")');
  return undefined;
}

export function enable({ session, args, reply }: CommandContext): Outcome {
  const enabled: string[] = [];
  while (args.next !== '') {
    args.space();
    const name = args.match(/[A-Za-z0-9=+.-]+/y, 'a capability').toUpperCase();
    if (!['CONDSTORE', 'QRESYNC', 'UTF8=ACCEPT'].includes(name) || !session.offers(name)) continue;
    session.enabled.add(name);
    enabled.push(name);
  }
  reply.line(['* ENABLED', ...enabled].join(' '));
  return undefined;
}

export function namespace({ session, args, reply }: CommandContext): Outcome {
  args.end();
  const { prefix, separator } = session.store;
  reply.line(`* NAMESPACE ((${formatString(prefix)} ${formatString(separator)})) NIL NIL`);
  return undefined;
}

export function startTls({ session, args }: CommandContext): Outcome {
  args.end();
  if (session.secured) throw bad('TLS is already active');
  return 'Begin TLS negotiation now.';
}

/** Once the client has its OK. */
export async function upgrade(session: Session): Promise<void> {
  const { tls } = session.server.options;
  if (tls !== undefined) session.secure(tls);
}
