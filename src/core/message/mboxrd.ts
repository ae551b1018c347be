/**
 * The mboxrd format, both ways, for octets that come in chunks of any size. A message is a From_ line, its
 * octets with LF as line end and one ">" more before each line of the form `>*From `, and an empty line.
 * Taking that ">" away again is exact; what the format can't tell is whether a line ended with LF or with
 * CR LF, and whether the last line ended at all.
 */

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x3e;
/** `From ` */
const FROM: readonly number[] = [0x46, 0x72, 0x6f, 0x6d, 0x20];

/** `From <sender> <asctime in UTC>`, without a line end. `receivedAt` in seconds since 1970. */
export function fromLine(sender: string | null, receivedAt: number): string {
  // "Thu, 01 Jan 1970 00:00:00 GMT"; outside the years of a Date the line still has to have its shape.
  const date = new Date(Math.min(Math.max(receivedAt, 0), LAST_SECOND) * 1000);
  const [weekday, day, month, year, time] = date.toUTCString().replace(',', '').split(' ');
  return `From ${sender ?? 'MAILER-DAEMON'} ${weekday} ${month} ${day!.replace(/^0/, ' ')} ${time} ${year}`;
}

/** The last of the year 9999. */
const LAST_SECOND = 253_402_300_799;

/** The envelope sender in a Return-Path field's value; null where there is none that a From_ line can carry. */
export function envelopeSender(returnPath: string | null): string | null {
  const address = (/<([^<>]*)>/.exec(returnPath ?? '')?.[1] ?? returnPath ?? '').trim();
  return /^[\x21-\x7e]{1,256}$/.test(address) ? address : null;
}

/**
 * A message's octets to what stands between its From_ line and the empty line after it; after `end` another
 * message may follow. What is given back is only valid until the next call.
 */
export class MboxrdEncoder {
  #out = new Output(64 * 1024);
  /** Whether only ">" came in this line so far: one more may then stand anywhere among them. */
  #atStart = true;
  /** Octets of `From ` that came after them and are held back. */
  #matched = 0;
  #heldCr = false;
  #lineEnded = true;

  push(chunk: Uint8Array): Uint8Array {
    // At most one ">" for each `From `, and what was held back before.
    const out = this.#cleared(chunk.length + Math.ceil(chunk.length / FROM.length) + 8);
    for (const octet of chunk) {
      if (this.#heldCr && octet !== LF) this.#plain(CR, out);
      this.#heldCr = octet === CR;
      if (octet !== CR) this.#plain(octet, out);
    }
    return out.filled();
  }

  /** What was held back, and the end of a last line that had none. */
  end(): Uint8Array {
    const out = this.#cleared(FROM.length + 2);
    if (this.#heldCr) this.#plain(CR, out);
    for (let i = 0; i < this.#matched; i++) out.add(FROM[i]!);
    if (!this.#lineEnded) out.add(LF);
    this.#atStart = true;
    this.#matched = 0;
    this.#heldCr = false;
    this.#lineEnded = true;
    return out.filled();
  }

  #cleared(room: number): Output {
    if (this.#out.room < room) this.#out = new Output(room);
    this.#out.clear();
    return this.#out;
  }

  #plain(octet: number, out: Output): void {
    this.#lineEnded = octet === LF;
    if (this.#atStart) {
      if (octet === FROM[this.#matched]) {
        this.#matched += 1;
        if (this.#matched < FROM.length) return;
        out.add(QUOTE);
        for (const each of FROM) out.add(each);
        this.#matched = 0;
        this.#atStart = false;
        return;
      }
      if (octet !== QUOTE || this.#matched > 0) this.#atStart = false;
      for (let i = 0; i < this.#matched; i++) out.add(FROM[i]!);
      this.#matched = 0;
    }
    out.add(octet);
    if (octet === LF) this.#atStart = true;
  }
}

export interface MboxReceiver {
  /** A message begins. Its From_ line, one char for each octet, without its end and cut after 1,000. */
  begin(from: string): void;
  /** The chunk is only valid until this returns. */
  write(chunk: Uint8Array): void;
  end(): void;
}

/**
 * An mbox file to messages with CR LF as line end, as IMAP has them. A From_ line counts at the start of the
 * file and after an empty line: other kinds of mbox quote no more than that. What comes before the first one
 * is ignored. A message whose first line ends with CR LF keeps its line ends as they are.
 */
export class MboxrdDecoder {
  readonly #receiver: MboxReceiver;
  readonly #out = new Output(64 * 1024);
  /** `start`: ">" and a part of `From ` may have come. `startCr`: a CR came at the very start. */
  #state: 'start' | 'startCr' | 'line' | 'from' = 'start';
  #quotes = 0;
  #matched = 0;
  #from = '';
  #inMessage = false;
  /** An empty line belongs to the message only if something other than a From_ line follows. */
  #emptyLine: 'none' | 'lf' | 'crlf' = 'none';
  /** Whether the message's lines end with CR LF as they stand; null until the first one has ended. */
  #hasCr: boolean | null = null;
  #last = 0;

  constructor(receiver: MboxReceiver) {
    this.#receiver = receiver;
  }

  push(chunk: Uint8Array): void {
    for (const octet of chunk) this.#next(octet);
    this.#flush();
  }

  end(): void {
    if (this.#state === 'from') this.#begin();
    if (this.#state === 'start' && this.#quotes + this.#matched > 0) this.#releaseStart(this.#quotes);
    if (this.#state === 'startCr') this.#emit(CR);
    this.#endMessage();
  }

  #next(octet: number): void {
    switch (this.#state) {
      case 'from':
        if (octet === LF) this.#begin();
        else if (this.#from.length < MAX_FROM_LINE) this.#from += String.fromCharCode(octet);
        return;
      case 'start':
        this.#atStart(octet);
        return;
      case 'startCr':
        if (octet === LF) {
          this.#holdEmptyLine('crlf');
          return;
        }
        this.#emit(CR);
        this.#inLine(octet);
        return;
      case 'line':
        this.#inLine(octet);
    }
  }

  #atStart(octet: number): void {
    if (octet === QUOTE && this.#matched === 0) {
      this.#quotes += 1;
    } else if (octet === FROM[this.#matched]) {
      this.#matched += 1;
      if (this.#matched < FROM.length) return;
      if (this.#quotes === 0 && (!this.#inMessage || this.#emptyLine !== 'none')) {
        this.#matched = 0;
        this.#endMessage();
        this.#from = 'From ';
        this.#state = 'from';
      } else this.#releaseStart(Math.max(0, this.#quotes - 1));
    } else if (this.#quotes + this.#matched > 0) {
      this.#releaseStart(this.#quotes);
      this.#inLine(octet);
    } else if (octet === LF) this.#holdEmptyLine('lf');
    else if (octet === CR) this.#state = 'startCr';
    else this.#inLine(octet);
  }

  #inLine(octet: number): void {
    this.#state = 'line';
    if (octet !== LF) {
      this.#emit(octet);
      return;
    }
    this.#endLine(this.#last === CR);
    this.#state = 'start';
  }

  #endLine(afterCr: boolean): void {
    this.#hasCr ??= afterCr;
    if (!this.#hasCr) this.#emit(CR);
    this.#emit(LF);
  }

  #holdEmptyLine(kind: 'lf' | 'crlf'): void {
    this.#releaseEmptyLine();
    this.#emptyLine = kind;
    this.#state = 'start';
  }

  #releaseEmptyLine(): void {
    const kind = this.#emptyLine;
    if (kind === 'none') return;
    this.#emptyLine = 'none';
    if (kind === 'crlf') this.#emit(CR);
    this.#endLine(kind === 'crlf');
  }

  /** The octets held back at the start of a line turned out to be text. */
  #releaseStart(quotes: number): void {
    const matched = this.#matched;
    this.#quotes = 0;
    this.#matched = 0;
    this.#state = 'line';
    for (let i = 0; i < quotes; i++) this.#emit(QUOTE);
    for (let i = 0; i < matched; i++) this.#emit(FROM[i]!);
  }

  #begin(): void {
    this.#inMessage = true;
    this.#hasCr = this.#from.endsWith('\r') ? true : null;
    this.#last = 0;
    this.#state = 'start';
    this.#receiver.begin(this.#from.replace(/\r$/, ''));
  }

  #endMessage(): void {
    this.#emptyLine = 'none';
    if (!this.#inMessage) return;
    this.#flush();
    this.#inMessage = false;
    this.#receiver.end();
  }

  #emit(octet: number): void {
    this.#releaseEmptyLine();
    this.#last = octet;
    if (!this.#inMessage) return;
    this.#out.add(octet);
    if (this.#out.isFull()) this.#flush();
  }

  #flush(): void {
    const filled = this.#out.filled();
    if (filled.length > 0) this.#receiver.write(filled);
    this.#out.clear();
  }
}

const MAX_FROM_LINE = 1000;

/** Octets one after the other, in room that was made for all of them. */
class Output {
  readonly #octets: Uint8Array;
  #length = 0;

  get room(): number {
    return this.#octets.length;
  }

  constructor(room: number) {
    this.#octets = new Uint8Array(room);
  }

  add(octet: number): void {
    this.#octets[this.#length++] = octet;
  }

  isFull(): boolean {
    return this.#length === this.#octets.length;
  }

  filled(): Uint8Array {
    return this.#octets.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }
}
