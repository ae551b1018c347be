/** `mailkeep show`: one message, or its conversation, for reading; or its octets, its header, one part. */
import { UsageError } from '../core/errors.js';
import { printable, printableLines } from '../core/text/printable.js';
import {
  conversationOf,
  headerOf,
  messageById,
  octetsOf,
  readPart,
  type ShownMessage,
  textOfMessage,
} from '../wiring/show.js';
import type { Wiring } from '../wiring/wiring.js';
import { chooseAccounts } from './accounts.js';
import { EXIT } from './exit-code.js';
import { formatBytes, formatTime } from './format.js';
import { flagsOf, isRemoved, mailboxesOf, messageJson } from './found-message.js';
import { printJson, type Verb } from './io.js';
import { page } from './pager.js';

export interface ShowFlags {
  readonly account: readonly string[];
  readonly headers: boolean;
  readonly raw: boolean;
  readonly part?: string;
  readonly thread: boolean;
}

export async function show(verb: Verb, id: string, flags: ShowFlags): Promise<number> {
  const { config, wiring } = await verb.load();
  if (verb.options.json && (flags.raw || flags.part !== undefined)) {
    throw new UsageError('--json has no form for octets', 'leave out --json, or --raw and --part');
  }
  const message = await messageById(wiring, chooseAccounts(config, flags.account), id, verb.signal);
  if (flags.raw) await writeRaw(verb, wiring, message);
  else if (flags.part !== undefined) await writePart(verb, wiring, message, flags.part);
  else if (flags.headers) await showHeaders(verb, wiring, message);
  else await showText(verb, wiring, flags.thread ? conversationOf(wiring, message) : [message], flags.thread);
  return EXIT.ok;
}

/** A terminal would obey what stands in them. */
function refuseTerminal(verb: Verb): void {
  if (verb.terminal.stdout.isTTY !== true) return;
  throw new UsageError(
    'a message as it came may drive the terminal; its octets go to a pipe or a file only',
    'mailkeep show ID --raw > message.eml, or leave out --raw to read it',
  );
}

async function writeRaw(verb: Verb, wiring: Wiring, message: ShownMessage): Promise<void> {
  refuseTerminal(verb);
  for await (const chunk of octetsOf(wiring, message)()) await write(verb, chunk);
}

async function writePart(verb: Verb, wiring: Wiring, message: ShownMessage, part: string): Promise<void> {
  refuseTerminal(verb);
  await readPart(wiring, message, part, { write: (chunk) => write(verb, chunk), end: () => undefined });
}

/** What can't be written is told where the process ends. */
function write(verb: Verb, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    verb.terminal.stdout.write(chunk, () => resolve());
  });
}

async function showHeaders(verb: Verb, wiring: Wiring, message: ShownMessage): Promise<void> {
  const text = Buffer.from(await headerOf(wiring, message)).toString();
  if (verb.options.json)
    printJson(verb, { message: { ...messageJson(message, message.account.name), header: text } });
  else await page(verb, printableLines(text.trimEnd()));
}

async function showText(
  verb: Verb,
  wiring: Wiring,
  messages: readonly ShownMessage[],
  isThread: boolean,
): Promise<void> {
  const shown: { message: ShownMessage; text: string; broken: string | null }[] = [];
  for (const message of messages) shown.push({ message, ...(await textOfMessage(wiring, message)) });
  if (verb.options.json) {
    const documents = shown.map(({ message, text }) => ({
      ...messageJson(message, message.account.name),
      cc: message.cc,
      authentication_results: message.authentication,
      text,
    }));
    printJson(verb, isThread ? { messages: documents } : { message: documents[0] });
    return;
  }
  await page(
    verb,
    shown
      .map(({ message, text, broken }) => describe(message, text, broken))
      .join(`\n\n${'-'.repeat(40)}\n\n`),
  );
}

function describe(message: ShownMessage, text: string, broken: string | null): string {
  const fields: [string, string][] = [
    ['From', message.from],
    ['To', message.to.join(', ')],
    ['Cc', message.cc],
    ['Date', formatTime(message.date)],
    ['Subject', message.subject],
    ['List', message.listId ?? ''],
    ['Checked', message.authentication ?? ''],
    [
      'In',
      `${message.account.name}: ${mailboxesOf(message).join(', ')}${isRemoved(message) ? ' (gone from the server)' : ''}`,
    ],
    ['Flags', flagsOf(message).join(' ')],
    ['ID', message.sha256],
  ];
  const lines = fields
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${`${name}:`.padEnd(9)}${printable(value)}`);
  for (const { part, filename, contentType, size, inline } of message.attachments) {
    const what = `part ${part}, ${printable(filename ?? 'without a name')} (${printable(contentType)}, ${formatBytes(size)}${inline ? ', belongs to the text' : ''})`;
    lines.push(`${inline ? 'Inline:' : 'Attached:'}`.padEnd(9).padEnd(10) + what);
  }
  const remarks = [
    ...(message.protection === 'encrypted' ? ['[encrypted: its text can only be read with the key]'] : []),
    ...(message.protection === 'signed' ? ['[signed; the signature was not checked]'] : []),
    ...(broken === null ? [] : [`[not all of it can be read: ${printable(broken)}]`]),
  ];
  return [...lines, '', ...remarks, printableLines(text.trimEnd())].join('\n');
}
