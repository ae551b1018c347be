/**
 * Small, well-formed messages (RFC 5322, CRLF) for the sample account: text in UTF-8, header words encoded
 * where they must be, attachments in base64.
 */

export interface Person {
  readonly name: string;
  readonly address: string;
}

export interface Attachment {
  readonly name: string;
  readonly type: string;
  readonly content: Buffer;
}

export interface Letter {
  /** Stands before "@" in the Message-ID. */
  readonly id: string;
  readonly from: Person;
  readonly to: Person;
  /** Seconds since 1970 UTC. */
  readonly sentAt: number;
  readonly subject: string;
  readonly text: string;
  readonly attachment?: Attachment;
}

export function messageOf(letter: Letter): Buffer {
  const head = [
    `Message-ID: <${letter.id}@lighthouse.example>`,
    `Date: ${new Date(letter.sentAt * 1000).toUTCString().replace('GMT', '+0000')}`,
    `From: ${addressOf(letter.from)}`,
    `To: ${addressOf(letter.to)}`,
    `Subject: ${encoded(letter.subject)}`,
    'MIME-Version: 1.0',
  ];
  const body = letter.attachment === undefined ? textPart(letter.text) : mixed(letter, letter.attachment);
  return Buffer.from(`${[...head, ...body].join('\n')}\n`.replaceAll('\n', '\r\n'));
}

function textPart(text: string): string[] {
  return ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit', '', text];
}

function mixed(letter: Letter, { name, type, content }: Attachment): string[] {
  const boundary = `=_${letter.id}`;
  return [
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    '',
    `--${boundary}`,
    ...textPart(letter.text),
    `--${boundary}`,
    `Content-Type: ${type}; name="${name}"`,
    `Content-Disposition: attachment; filename="${name}"`,
    'Content-Transfer-Encoding: base64',
    '',
    ...(content.toString('base64').match(/.{1,76}/g) ?? []),
    `--${boundary}--`,
  ];
}

function addressOf({ name, address }: Person): string {
  return `${isAscii(name) ? `"${name}"` : encoded(name)} <${address}>`;
}

/** RFC 2047 in B encoding, in words of at most 75 characters that never split a character. */
function encoded(text: string): string {
  if (isAscii(text)) return text;
  const words: string[] = [];
  let word = '';
  for (const character of text) {
    if (Buffer.byteLength(word + character) > 42) {
      words.push(word);
      word = '';
    }
    word += character;
  }
  return [...words, word].map((part) => `=?utf-8?B?${Buffer.from(part).toString('base64')}?=`).join('\n ');
}

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}
