import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { headerField, messageIdOf } from '../../src/core/message/header-fields.js';

const octets = (text: string) => Buffer.from(text, 'latin1');

describe('a header field', () => {
  test.each([
    ['Message-ID: <a@b>\r\n\r\n', '<a@b>'],
    ['MESSAGE-id \t: <a@b>\r\n', '<a@b>'],
    ['Message-ID:\r\n <a@b>\r\nX: y\r\n', '<a@b>'],
    ['Message-ID: <a\r\n\t@b>\r\n', '<a\t@b>'],
    ['X: Message-ID: <no@b>\nMessage-ID: <a@b>\nMessage-ID: <second@b>\n', '<a@b>'],
    ['Message-ID: <a@b>', '<a@b>'],
    ['Message-ID: \xe9\r\n', '\xe9'],
  ])('is read from %j', (header, expected) => {
    expect(messageIdOf(octets(header))).toBe(expected);
  });

  test.each([
    '',
    '\r\nMessage-ID: <in@body>\r\n',
    'Message-ID:\r\n',
    'Message-ID:   \r\n\r\n',
    ' Message-ID: <folded@nothing>\r\n',
    ': x\r\n',
  ])('is not there in %j', (header) => {
    expect(messageIdOf(octets(header))).toBeNull();
  });

  test('never throws and stays within its bound, whatever the octets', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('\r', '\n', ' ', ':', '\0', 'message-id', '\xff', 'x'.repeat(3000))),
        (parts) => {
          const value = messageIdOf(octets(parts.join('')));
          expect(value?.length ?? 0).toBeLessThanOrEqual(2000);
          headerField(octets(parts.join('')), 'x');
        },
      ),
    );
  });
});
