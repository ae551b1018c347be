/**
 * What a server says of itself and of an account after the sign-in: for `doctor` and for the questions of
 * `init`. Reads nothing but lists and counters, and changes nothing.
 */
import type { ImapFlow } from 'imapflow';
import { throwIfAborted } from '../core/errors.js';
import { displayPath } from '../core/mailbox/mailbox-path.js';
import type { SourceTier } from '../core/ports/source.js';
import { printable } from '../core/text/printable.js';
import { isSelectable, specialUseOf } from './attributes.js';
import { connect } from './connect.js';
import { enabledBy } from './enabled.js';
import { connectError } from './errors.js';
import { pathOf, wireNameOf } from './names.js';
import type { ImapSettings } from './settings.js';

export interface ServerFacts {
  readonly tier: SourceTier;
  readonly capabilities: readonly string[];
  /** As the server answers ID (RFC 2971); null where it doesn't. */
  readonly software: string | null;
  /** STORAGE in octets and MESSAGE; null where the server tells none. */
  readonly quota: { readonly used: number; readonly limit: number } | null;
  /** Selectable mailboxes in the order of the server. */
  readonly mailboxes: readonly FoundMailbox[];
}

export interface FoundMailbox {
  readonly path: string;
  /** `\Sent`, `\Trash`, ... or null. */
  readonly specialUse: string | null;
  /** null where STATUS did not tell. */
  readonly messages: number | null;
  /** Octets; null where the server has no STATUS=SIZE (RFC 8438). */
  readonly bytes: number | null;
}

/** Throws CredentialsError, AccountError, InterruptedError. */
export async function probeServer(settings: ImapSettings, signal: AbortSignal): Promise<ServerFacts> {
  const client = await connect(settings, signal);
  const stop = () => client.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return {
      tier: enabledBy(client).tier,
      capabilities: [...client.capabilities.keys()].map(printable).sort(),
      software: softwareOf(client),
      quota: await quotaOf(client),
      mailboxes: await mailboxesOf(client),
    };
  } catch (error) {
    throwIfAborted(signal);
    throw connectError(error, settings);
  } finally {
    signal.removeEventListener('abort', stop);
    await client.logout().catch(() => client.close());
  }
}

function softwareOf({ serverInfo }: ImapFlow): string | null {
  const words = [serverInfo?.name, serverInfo?.version].filter((word) => typeof word === 'string');
  return words.length === 0 ? null : printable(words.join(' ')).slice(0, 100);
}

async function quotaOf(client: ImapFlow): Promise<ServerFacts['quota']> {
  if (!client.capabilities.has('QUOTA')) return null;
  try {
    const answer = await client.getQuota('INBOX');
    const storage = answer === false ? undefined : answer.storage;
    if (storage?.usage === undefined || storage.limit === undefined) return null;
    return { used: storage.usage, limit: storage.limit };
  } catch {
    // Some servers promise QUOTA and refuse to tell it; that is nobody's trouble.
    return null;
  }
}

async function mailboxesOf(client: ImapFlow): Promise<FoundMailbox[]> {
  const statusQuery = {
    messages: true,
    ...(client.capabilities.has('STATUS=SIZE') ? { size: true } : {}),
  };
  const listed = await client.list({ statusQuery });
  const context = {
    prefix: client.namespace?.prefix ?? '',
    utf8: client.enabled.has('UTF8=ACCEPT'),
  };
  return listed
    .filter(({ flags }) => isSelectable([...flags]))
    .map(({ pathAsListed, delimiter, flags, specialUse, status }) => ({
      path: displayPath(pathOf(wireNameOf(pathAsListed), { delimiter: delimiter ?? null, ...context })),
      specialUse: specialUseOf([...flags]) ?? specialUse ?? null,
      messages: status?.messages ?? null,
      bytes: status?.size ?? null,
    }));
}
