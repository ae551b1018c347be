/** Lists the attachments of found messages, and saves them where that is asked. */
import type { AccountConfig } from '../config/config.js';
import { describeError, throwIfAborted } from '../core/errors.js';
import { compileGlob } from '../core/mailbox/mailbox-glob.js';
import type { AttachmentFacts } from '../core/message/message-facts.js';
import { safeFileName } from '../core/text/safe-file-name.js';
import { AttachmentFolder } from './attachment-folder.js';
import type { Hit } from './search.js';
import { octetsOf } from './show.js';
import type { Wiring } from './wiring.js';

export interface AttachmentsRequest {
  /** Of the content type, or without "/" of the file name; null for all. */
  readonly type: string | null;
  /** Also what belongs to the text: pictures in HTML, signatures. */
  readonly inline: boolean;
  /** Where to save; null only lists. */
  readonly to: string | null;
  readonly signal: AbortSignal;
}

export interface FoundAttachment extends AttachmentFacts {
  readonly hit: Hit;
  /** Where its content lies now, also if it was there already; null where it was not saved. */
  readonly savedAs: string | null;
  /** Why it could not be saved. */
  readonly failure: string | null;
}

/** `hits` were found in these accounts. */
export async function attachmentsOf(
  wiring: Wiring,
  accounts: readonly AccountConfig[],
  hits: readonly Hit[],
  request: AttachmentsRequest,
): Promise<FoundAttachment[]> {
  const isWanted = typeFilter(request.type);
  const folder = request.to === null ? null : new AttachmentFolder(request.to);
  const found: FoundAttachment[] = [];
  for (const hit of hits) {
    throwIfAborted(request.signal);
    const wanted = hit.attachments.filter((each) => (request.inline || !each.inline) && isWanted(each));
    if (wanted.length === 0) continue;
    const saved = folder === null ? null : await saveAll(wiring, accounts, folder, hit, wanted);
    for (const each of wanted) {
      found.push({ ...each, hit, ...(saved?.get(each.part) ?? { savedAs: null, failure: null }) });
    }
  }
  return found;
}

type Outcome = Pick<FoundAttachment, 'savedAs' | 'failure'>;

/** One pass over the message for all of them. */
async function saveAll(
  wiring: Wiring,
  accounts: readonly AccountConfig[],
  folder: AttachmentFolder,
  hit: Hit,
  wanted: readonly AttachmentFacts[],
): Promise<Map<string, Outcome>> {
  const account = accounts.find(({ name }) => name === hit.account)!;
  const outcomes = new Map<string, Outcome>();
  const open = new Map<string, ReturnType<AttachmentFolder['create']>>();
  try {
    const { readParts } = await import('../mime/parts.js');
    await readParts(octetsOf(wiring, { ...hit, account }), (part) => {
      const attachment = wanted.find((each) => each.part === part);
      if (attachment === undefined || outcomes.has(part) || open.has(part)) return null;
      const file = folder.create(safeFileName(attachment.filename, fallbackName(attachment)), hit.date);
      open.set(part, file);
      return {
        write: (chunk) => file.write(chunk),
        end: () => {
          open.delete(part);
          outcomes.set(part, { savedAs: file.finish(), failure: null });
        },
      };
    });
    for (const { part } of wanted) {
      if (!outcomes.has(part))
        outcomes.set(part, { savedAs: null, failure: 'it can only be had with the whole message' });
    }
  } catch (error) {
    for (const { part } of wanted) {
      if (!outcomes.has(part)) outcomes.set(part, { savedAs: null, failure: describeError(error) });
    }
  } finally {
    for (const file of open.values()) file.abort();
  }
  return outcomes;
}

function fallbackName({ part, contentType }: AttachmentFacts): string {
  return contentType === 'message/rfc822'
    ? `message-${part}.eml`
    : `part-${part}.${extensionOf(contentType)}`;
}

/** Of the few types that often come without a name. */
function extensionOf(contentType: string): string {
  const known: Readonly<Record<string, string>> = {
    'image/jpeg': 'jpg',
    'image/png': 'png',
    'image/gif': 'gif',
    'application/pdf': 'pdf',
    'text/plain': 'txt',
    'text/html': 'html',
    'text/calendar': 'ics',
  };
  return known[contentType] ?? 'bin';
}

function typeFilter(glob: string | null): (attachment: AttachmentFacts) => boolean {
  if (glob === null) return () => true;
  const matches = compileGlob(glob.toLowerCase());
  return ({ contentType, filename }) =>
    matches(glob.includes('/') ? contentType : (filename ?? '').toLowerCase().replaceAll('/', '_'));
}
