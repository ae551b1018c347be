/**
 * A thread that reads whole messages for the text index: it parses, folds and packs, and writes nothing. Its
 * owner stops it when one message takes too long or too much memory.
 */

import { readFileSync } from 'node:fs';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { deflateRawSync } from 'node:zlib';
import { describeError } from '../core/errors.js';
import type { ReadText } from '../core/ports/search.js';
import { searchableText } from '../core/query/search-text.js';
import { readChunks } from '../maildir/read-file.js';
import { factsReader } from '../mime/facts.js';
import { GivingWay } from './give-way.js';

export interface TextThread {
  /** See give-way.ts. */
  readonly givesWay: boolean;
}

export interface TextTask {
  readonly file: string;
  readonly size: number;
}

/** Null where the file is gone. */
export type TextAnswer = { readonly read: ReadText | { readonly broken: string } | null };

/** Octets up to which a message is held as a whole; a longer one is parsed as it is read. */
const MAX_WHOLE = 16 * 1024 * 1024;

if (parentPort !== null) serve(parentPort, workerData as TextThread);

function serve(port: MessagePort, { givesWay }: TextThread): void {
  const givingWay = givesWay ? new GivingWay() : null;
  let turn = Promise.resolve();
  port.on('message', (task: TextTask) => {
    turn = turn.then(async () => {
      port.postMessage({ read: await answer(task) } satisfies TextAnswer);
      await givingWay?.pause();
    });
  });
}

async function answer({ file, size }: TextTask): Promise<TextAnswer['read']> {
  try {
    const message = size > MAX_WHOLE ? () => readChunks(file) : readFileSync(file);
    const facts = await factsReader.messageFacts(message);
    return {
      // The text itself goes packed.
      facts: { ...facts, text: '', attachmentNames: [] },
      words: searchableText([facts.text]),
      names: searchableText(facts.attachmentNames),
      packed: deflateRawSync(facts.text, { level: 1 }),
    };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    return { broken: describeError(error) };
  }
}
