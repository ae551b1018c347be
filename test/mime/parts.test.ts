import { describe, expect, test } from 'vitest';
import { messageFacts } from '../../src/mime/facts.js';
import { readParts } from '../../src/mime/parts.js';
import { readableText } from '../../src/mime/reading.js';

const octets = (text: string) => Buffer.from(text.replace(/\r?\n/g, '\r\n'), 'latin1');

const INNER = `From: inner@example.org
To: b@example.org
Subject: the inner one
Content-Type: multipart/mixed; boundary=i

--i
Content-Type: text/plain

inner text
--i
Content-Type: application/pdf; name="inner.pdf"
Content-Disposition: attachment; filename="inner.pdf"
Content-Transfer-Encoding: base64

JVBERg==
--i--`;

const forwarded = (disposition: string, inner: string) =>
  octets(`From: a@example.org
Subject: fwd
Content-Type: multipart/mixed; boundary=o

--o
Content-Type: text/plain; charset=iso-8859-1

caf\xe9
--o
Content-Type: message/rfc822
Content-Disposition: ${disposition}

${inner}
--o
Content-Type: text/plain; charset=iso-8859-1; name="note.txt"

caf\xe9 again
--o--
`);

async function partsOf(message: Buffer, refused: readonly string[] = []): Promise<Map<string, Buffer>> {
  const parts = new Map<string, Buffer>();
  const whole = async function* () {
    for (let at = 0; at < message.length; at += 100) yield message.subarray(at, at + 100);
  };
  await readParts(whole, (part) => {
    if (refused.includes(part)) return null;
    const chunks: Uint8Array[] = [];
    return {
      write: (chunk) => void chunks.push(chunk),
      end: () => void parts.set(part, Buffer.concat(chunks)),
    };
  });
  return parts;
}

describe('readParts', () => {
  test.each(['inline', 'attachment'])(
    'gives a message that is %s, and the parts in it, as they came',
    async (disposition) => {
      const parts = await partsOf(forwarded(disposition, INNER));
      expect([...parts.keys()].sort()).toEqual(['1', '2', '2.1', '2.2', '3']);
      expect(parts.get('2')).toEqual(octets(INNER));
      expect(parts.get('2.2')?.toString()).toBe('%PDF');
      // No charset is converted.
      expect(parts.get('1')).toEqual(octets('caf\xe9'));
      expect(parts.get('3')).toEqual(octets('caf\xe9 again'));
      expect([...(await partsOf(forwarded(disposition, INNER), ['2'])).keys()].sort()).toEqual([
        '1',
        '2.1',
        '2.2',
        '3',
      ]);
    },
  );

  test('names what messageFacts lists', async () => {
    const { attachments, hasAttachment, attachmentNames } = await messageFacts(forwarded('inline', INNER));
    expect(
      attachments.map(({ part, filename, contentType, size }) => [part, filename, contentType, size]),
    ).toEqual([
      ['2', null, 'message/rfc822', octets(INNER).length],
      ['3', 'note.txt', 'text/plain', expect.any(Number)],
      ['2.2', 'inner.pdf', 'application/pdf', 4],
    ]);
    expect([hasAttachment, attachmentNames]).toEqual([true, ['note.txt', 'inner.pdf']]);
  });

  test('throws what a sink throws, also from within an attached message', async () => {
    for (const failing of ['2', '2.2', '3']) {
      const reading = readParts(
        async function* () {
          yield forwarded('attachment', INNER);
        },
        (part) =>
          part !== failing
            ? null
            : {
                write: () => {
                  throw new Error('disk full');
                },
                end: () => undefined,
              },
      );
      await expect(reading).rejects.toThrow('disk full');
    }
  });
});

describe('readableText', () => {
  test('shows a message that was forwarded inline, and not one that was attached', async () => {
    const inline = await readableText(forwarded('inline', INNER));
    expect(inline.text).toContain('café');
    expect(inline.text).toContain('[message within, part 2]\nFrom: inner@example.org\n');
    expect(inline.text).toContain('inner text');
    expect((await readableText(forwarded('attachment', INNER))).text).not.toContain('inner text');
  });
});
