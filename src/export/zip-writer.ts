/**
 * A ZIP file as PKWARE's APPNOTE 6.3 and Info-ZIP have it: UTF-8 names, dates to the second as UTC (extra field
 * "UT") beside the local ones of two seconds' steps, ZIP64 where numbers need it. Sizes stand before the data, so
 * that readers of streams take it too. The directory waits in a file of its own: memory doesn't grow with
 * entries.
 */
import { closeSync, fsyncSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { crc32, createDeflateRaw, deflateRawSync } from 'node:zlib';
import { FILE_MODE, FOLDER_MODE } from './staging.js';
import { writeWhole } from './synced-files.js';

/** Octets up to which an entry is compressed in one go. */
const IN_MEMORY = 1024 * 1024;

const MAX_32 = 0xffffffff;
const MAX_16 = 0xffff;

const STORED = 0;
const DEFLATED = 8;

export interface ZipFacts {
  /** Octets. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly modifiedAt: number;
}

interface Entry {
  readonly name: Buffer;
  readonly mode: number;
  readonly modifiedAt: number;
  readonly offset: number;
  readonly method: number;
  readonly crc: number;
  readonly size: number;
  readonly compressed: number;
  /** Whether its sizes have 64 bits: known before its data is. */
  readonly wide: boolean;
}

export class ZipWriter {
  readonly #file: number;
  readonly #directoryPath: string;
  readonly #directory: number;
  #offset = 0;
  #directorySize = 0;
  #entries = 0;

  /** The file must not exist. */
  constructor(path: string) {
    this.#file = openSync(path, 'wx', FILE_MODE);
    this.#directoryPath = `${path}.directory`;
    this.#directory = openSync(this.#directoryPath, 'wx+', FILE_MODE);
  }

  /** `name` without a "/" at its end. */
  addFolder(name: string, modifiedAt: number): void {
    const entry = this.#entry(`${name}/`, 0o040_000 | FOLDER_MODE, { size: 0, modifiedAt });
    this.#append(localHeader(entry));
    this.#record(entry);
  }

  /** The content has exactly `size` octets. Where it throws, no entry is there. */
  async addFile(name: string, facts: ZipFacts, content: AsyncIterable<Uint8Array>): Promise<void> {
    const entry = this.#entry(name, 0o100_000 | FILE_MODE, facts);
    try {
      if (facts.size <= IN_MEMORY) await this.#addSmall(entry, content);
      else await this.#addLarge(entry, content);
    } catch (error) {
      ftruncateSync(this.#file, entry.offset);
      this.#offset = entry.offset;
      throw error;
    }
  }

  /** Writes the directory; durable on return. */
  finish(): void {
    const start = this.#offset;
    const chunk = Buffer.alloc(256 * 1024);
    for (let at = 0; at < this.#directorySize; ) {
      const length = readSync(this.#directory, chunk, 0, chunk.length, at);
      this.#append(chunk.subarray(0, length));
      at += length;
    }
    this.#append(endOfDirectory({ start, size: this.#directorySize, entries: this.#entries }));
    fsyncSync(this.#file);
    this.close();
    unlinkSync(this.#directoryPath);
  }

  close(): void {
    closeSync(this.#file);
    closeSync(this.#directory);
  }

  #entry(name: string, mode: number, { size, modifiedAt }: ZipFacts): Entry {
    // Deflate makes what it can't compress a little longer.
    const wide = size > MAX_32 - size / 1000;
    const facts = { mode, modifiedAt, offset: this.#offset, wide };
    return { name: Buffer.from(name, 'utf8'), ...facts, method: STORED, crc: 0, size: 0, compressed: 0 };
  }

  async #addSmall(entry: Entry, content: AsyncIterable<Uint8Array>): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    const octets = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    const deflated = deflateRawSync(octets);
    const [method, data] = deflated.length < octets.length ? [DEFLATED, deflated] : [STORED, octets];
    const sizes = { crc: crc32(octets), size: octets.length, compressed: data.length };
    const whole = { ...entry, method, ...sizes };
    this.#append(Buffer.concat([localHeader(whole), data]));
    this.#record(whole);
  }

  async #addLarge(entry: Entry, content: AsyncIterable<Uint8Array>): Promise<void> {
    const room = localHeader(entry).length;
    this.#append(Buffer.alloc(room));
    let [crc, size] = [0, 0];
    const counted = async function* () {
      for await (const chunk of content) {
        crc = crc32(chunk, crc);
        size += chunk.length;
        yield chunk;
      }
    };
    await pipeline(counted, createDeflateRaw(), async (source: AsyncIterable<Buffer>) => {
      for await (const chunk of source) this.#append(chunk);
    });
    const compressed = this.#offset - entry.offset - room;
    const whole = { ...entry, method: DEFLATED, crc, size, compressed };
    writeSync(this.#file, localHeader(whole), 0, room, entry.offset);
    this.#record(whole);
  }

  /** At its place, because a header that is written afterwards doesn't move the end. */
  #append(octets: Uint8Array): void {
    for (let at = 0; at < octets.length; )
      at += writeSync(this.#file, octets, at, octets.length - at, this.#offset + at);
    this.#offset += octets.length;
  }

  #record(entry: Entry): void {
    const header = directoryHeader(entry);
    writeWhole(this.#directory, header);
    this.#directorySize += header.length;
    this.#entries += 1;
  }
}

/** APPNOTE 4.3.7. */
function localHeader(entry: Entry): Buffer {
  const extra = Buffer.concat([
    entry.wide ? zip64Extra([entry.size, entry.compressed]) : NOTHING,
    timeExtra(entry.modifiedAt),
  ]);
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  commonFields(entry, entry.wide, extra.length).copy(header, 4);
  return Buffer.concat([header, entry.name, extra]);
}

/** APPNOTE 4.3.12. */
function directoryHeader(entry: Entry): Buffer {
  const far = entry.offset >= MAX_32;
  const long = [...(entry.wide ? [entry.size, entry.compressed] : []), ...(far ? [entry.offset] : [])];
  const extra = Buffer.concat([long.length > 0 ? zip64Extra(long) : NOTHING, timeExtra(entry.modifiedAt)]);
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  // Made by version 4.5 under Unix, whose modes stand in the upper half of the attributes.
  header.writeUInt16LE((3 << 8) | 45, 4);
  commonFields(entry, entry.wide || far, extra.length).copy(header, 6);
  const isFolder = (entry.mode & 0o040_000) !== 0;
  header.writeUInt32LE(((entry.mode << 16) | (isFolder ? 0x10 : 0)) >>> 0, 38);
  header.writeUInt32LE(far ? MAX_32 : entry.offset, 42);
  return Buffer.concat([header, entry.name, extra]);
}

/** What both headers have, from "version needed" to "extra field length". */
function commonFields(entry: Entry, zip64: boolean, extraLength: number): Buffer {
  const fields = Buffer.alloc(26);
  const { time, date } = localDate(entry.modifiedAt);
  fields.writeUInt16LE(zip64 ? 45 : 20, 0);
  // Bit 11: the name is UTF-8.
  fields.writeUInt16LE(0x0800, 2);
  fields.writeUInt16LE(entry.method, 4);
  fields.writeUInt16LE(time, 6);
  fields.writeUInt16LE(date, 8);
  fields.writeUInt32LE(entry.crc, 10);
  fields.writeUInt32LE(entry.wide ? MAX_32 : entry.compressed, 14);
  fields.writeUInt32LE(entry.wide ? MAX_32 : entry.size, 18);
  fields.writeUInt16LE(entry.name.length, 22);
  fields.writeUInt16LE(extraLength, 24);
  return fields;
}

/** APPNOTE 4.3.14 to 4.3.16. */
function endOfDirectory({ start, size, entries }: { start: number; size: number; entries: number }): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(entries, MAX_16), 8);
  end.writeUInt16LE(Math.min(entries, MAX_16), 10);
  end.writeUInt32LE(Math.min(size, MAX_32), 12);
  end.writeUInt32LE(Math.min(start, MAX_32), 16);
  if (entries < MAX_16 && size < MAX_32 && start < MAX_32) return end;
  const wide = Buffer.alloc(56 + 20);
  wide.writeUInt32LE(0x06064b50, 0);
  wide.writeBigUInt64LE(44n, 4);
  wide.writeUInt16LE((3 << 8) | 45, 12);
  wide.writeUInt16LE(45, 14);
  wide.writeBigUInt64LE(BigInt(entries), 24);
  wide.writeBigUInt64LE(BigInt(entries), 32);
  wide.writeBigUInt64LE(BigInt(size), 40);
  wide.writeBigUInt64LE(BigInt(start), 48);
  wide.writeUInt32LE(0x07064b50, 56);
  wide.writeBigUInt64LE(BigInt(start + size), 64);
  wide.writeUInt32LE(1, 72);
  return Buffer.concat([wide, end]);
}

function zip64Extra(values: readonly number[]): Buffer {
  const extra = Buffer.alloc(4 + values.length * 8);
  extra.writeUInt16LE(0x0001, 0);
  extra.writeUInt16LE(values.length * 8, 2);
  for (const [at, value] of values.entries()) extra.writeBigUInt64LE(BigInt(value), 4 + at * 8);
  return extra;
}

/** Info-ZIP's "UT": the time of modification in 32 bits. */
function timeExtra(modifiedAt: number): Buffer {
  const extra = Buffer.alloc(9);
  extra.writeUInt16LE(0x5455, 0);
  extra.writeUInt16LE(5, 2);
  extra.writeUInt8(1, 4);
  extra.writeInt32LE(Math.min(Math.max(modifiedAt, -0x80000000), 0x7fffffff), 5);
  return extra;
}

/** In this machine's zone, as the format has it; it begins in 1980 and ends in 2107. */
function localDate(modifiedAt: number): { time: number; date: number } {
  const at = new Date(modifiedAt * 1000);
  const year = Number.isNaN(at.getTime()) ? 0 : at.getFullYear();
  if (year < 1980) return { time: 0, date: (1 << 5) | 1 };
  if (year > 2107) return { time: 0, date: (127 << 9) | (1 << 5) | 1 };
  return {
    time: (at.getHours() << 11) | (at.getMinutes() << 5) | (at.getSeconds() >> 1),
    date: ((year - 1980) << 9) | ((at.getMonth() + 1) << 5) | at.getDate(),
  };
}

const NOTHING = Buffer.alloc(0);
