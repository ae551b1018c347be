// The known set that search is tried on: mail of many languages, charsets and shapes, each told by its name.

import type { MailStore } from '../support/imap-server/mail-store.js';

export interface KnownMail {
  readonly name: string;
  readonly mailbox: string;
  readonly flags?: readonly string[];
  /** ISO 8601. */
  readonly date: string;
  /** Header lines and body; the Date and Message-ID fields are added. */
  readonly text: string;
}

const latin1 = (...octets: number[]) => String.fromCharCode(...octets);

/** Octets as a string of one char each. */
const encoded = (text: string) => Buffer.from(text).toString('latin1');

export const KNOWN_MAIL: readonly KnownMail[] = [
  {
    name: 'invoice',
    mailbox: 'INBOX',
    flags: ['\\Seen', '\\Flagged'],
    date: '2026-03-24T14:00:00Z',
    text: `From: =?utf-8?Q?J=C3=BCrgen_M=C3=BCller?= <juergen@example.org>
To: Ann Bee <ann@example.com>
Cc: office@example.net
Subject: =?utf-8?B?${Buffer.from('Rechnung für März').toString('base64')}?=
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8

${encoded('Dear Ann,\nthe invoice is in the attachment. Schöne Grüße')}
--b
Content-Type: application/pdf; name="Rechnung_2026-03.pdf"
Content-Disposition: attachment; filename="Rechnung_2026-03.pdf"
Content-Transfer-Encoding: base64

JVBERi0xLjQK
--b--`,
  },
  {
    name: 'reminder',
    mailbox: 'INBOX',
    date: '2026-04-02T08:00:00Z',
    text: `From: Ann Bee <ann@example.com>
To: juergen@example.org
Subject: Re: invoice not paid
In-Reply-To: <invoice@known.example>
References: <invoice@known.example>

the attachment invoice is missing a number`,
  },
  {
    name: 'draft',
    mailbox: 'Work/Drafts',
    flags: ['\\Draft', '\\Seen'],
    date: '2026-04-03T08:00:00Z',
    text: `From: Ann Bee <ann@example.com>
To: nobody@example.org
Subject: annual report draft

The annual report is not ready.`,
  },
  {
    name: 'report',
    mailbox: 'Work/Clients',
    flags: ['\\Seen'],
    date: '2025-12-31T23:00:00Z',
    text: `From: Annual Bot <bot@example.org>
To: team: ann@example.com, bob@example.com;
Subject: annual report
Content-Type: text/html; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

<html><head><style>p.secret{}</style></head><body><p>R=E9sum=E9 of the <b>ye</b>ar</p><!-- hidden --></body></html>`,
  },
  {
    name: 'chinese-gbk',
    mailbox: 'INBOX',
    date: '2026-01-05T00:00:00Z',
    text: `From: =?gb2312?B?1tDOxA==?= <zh@example.cn>
To: ann@example.com
Subject: =?GBK?B?t6LGsQ==?=
Content-Type: text/plain; charset=gb18030
Content-Transfer-Encoding: base64

${Buffer.from([0xc7, 0xeb, 0xb2, 0xe9, 0xca, 0xd5, 0xb7, 0xa2, 0xc6, 0xb1]).toString('base64')}`,
  },
  {
    name: 'chinese-big5',
    mailbox: 'INBOX',
    date: '2026-01-06T00:00:00Z',
    text: `From: tw@example.tw
To: ann@example.com
Subject: =?big5?B?pKSk5Q==?=
Content-Type: text/plain; charset=big5
Content-Transfer-Encoding: 8bit

${latin1(0xb5, 0x6f, 0xb2, 0xbc)}`,
  },
  {
    name: 'japanese',
    mailbox: '日本語/請求書',
    date: '2026-01-07T00:00:00Z',
    text: `From: =?ISO-2022-JP?B?GyRCRnxLXBsoQg==?= <jp@example.jp>
To: ann@example.com
Subject: =?utf-8?B?${Buffer.from('請求書について').toString('base64')}?=
Content-Type: text/plain; charset=iso-2022-jp
Content-Transfer-Encoding: 7bit

${latin1(0x1b)}$B@A5a=q${latin1(0x1b)}(B`,
  },
  {
    name: 'korean',
    mailbox: 'INBOX',
    date: '2026-01-08T00:00:00Z',
    text: `From: =?euc-kr?B?x9GxuQ==?= <kr@example.kr>
To: ann@example.com
Subject: =?ks_c_5601-1987?B?x9GxuQ==?=
Content-Type: text/plain; charset=euc-kr
Content-Transfer-Encoding: 8bit

${latin1(0xbe, 0xc8, 0xb3, 0xe7, 0xc7, 0xcf, 0xbc, 0xbc, 0xbf, 0xe4)}`,
  },
  {
    name: 'russian',
    mailbox: 'INBOX',
    flags: ['\\Seen'],
    date: '2026-01-09T00:00:00Z',
    text: `From: ru@example.ru
To: ann@example.com
Subject: =?koi8-r?B?8NLJ18XU?=
Content-Type: text/plain; charset=windows-1251
Content-Transfer-Encoding: 8bit

${latin1(0xcc, 0xe8, 0xf0)}`,
  },
  {
    name: 'hostile',
    mailbox: 'INBOX',
    date: '2026-02-01T00:00:00Z',
    text: `From: "Evil ${latin1(0x1b)}[2J" <evil@example.org>
To: ann@example.com
Subject: =?utf-8?Q?clear=1B[2J_screen_=E2=80=AEgnp.exe?=
Content-Type: multipart/mixed; boundary=b

--b

text ${latin1(0x1b)}]0;owned${latin1(0x07)} end
--b
Content-Type: application/octet-stream; name="../../../etc/passwd"
Content-Disposition: attachment; filename="../../../etc/passwd"

first
--b
Content-Type: application/octet-stream
Content-Disposition: attachment; filename*=utf-8''%2e%2e%2f%00evil%1b%5b2J.exe

second
--b
Content-Type: text/plain; name="passwd"
Content-Disposition: attachment; filename="passwd"

other content
--b--`,
  },
  {
    name: 'encrypted',
    mailbox: 'INBOX',
    date: '2026-02-02T00:00:00Z',
    text: `From: key@example.org
To: ann@example.com
Subject: sealed
Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b

--b
Content-Type: application/pgp-encrypted

Version: 1
--b
Content-Type: application/octet-stream

-----BEGIN PGP MESSAGE-----
--b--`,
  },
  {
    name: 'picture',
    mailbox: 'INBOX',
    date: '2026-02-03T00:00:00Z',
    text: `From: list@example.org
To: ann@example.com
Subject: newsletter
List-Id: News <news.example.org>
Content-Type: multipart/related; boundary=b

--b
Content-Type: text/html

<p>look <img src="cid:logo@x"><img src="http://192.0.2.1/track"></p>
--b
Content-Type: image/png; name="logo.png"
Content-Id: <logo@x>
Content-Disposition: inline; filename="logo.png"
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--b--`,
  },
  {
    name: 'follow-up',
    mailbox: 'Work/Clients',
    flags: ['\\Seen'],
    date: '2026-04-05T08:00:00Z',
    text: `From: juergen@example.org
To: ann@example.com
Subject: paid
References: <invoice@known.example> <reminder@known.example>

done`,
  },
];

export function octetsOf({ name, date, text }: KnownMail): Buffer {
  const head = `Message-ID: <${name}@known.example>\nDate: ${new Date(date).toUTCString().replace('GMT', '+0000')}\n`;
  return Buffer.from((head + text).replace(/\r?\n/g, '\r\n'), 'latin1');
}

/** INTERNALDATE is the same day for all, as after a move between servers. */
export function putKnownMail(store: MailStore): void {
  for (const mail of KNOWN_MAIL) {
    const mailbox = store.find(wireName(mail.mailbox)) ?? store.create(wireName(mail.mailbox));
    mailbox.append({
      body: octetsOf(mail),
      flags: [...(mail.flags ?? [])],
      internalDate: { seconds: Date.UTC(2026, 5, 1) / 1000, zone: 0 },
    });
  }
}

/** Modified UTF-7 of the one name that needs it. */
function wireName(path: string): string {
  return path === '日本語/請求書' ? '&ZeVnLIqe-/&i8tsQmb4-' : path;
}
