// What a bad server or a bad line does to the answers of an honest reader.

import { AccountError } from '../../src/core/errors.js';
import { Listing } from '../../src/core/mailbox/listing.js';
import type { MailboxReader, VisitResult } from '../../src/imap/reader.js';
import type { Tier } from '../support/imap-server/server-context.js';

/** The mailbox visited as n-th comes without some of its rows, however often it is asked for. */
export function shortAnswers(nth: number, lost: number): (reader: MailboxReader) => MailboxReader {
  const seen: string[] = [];
  return (reader) =>
    overriding(reader, {
      visit: async (visit) => {
        const result = await reader.visit(visit);
        if (!seen.includes(visit.wireName)) seen.push(visit.wireName);
        return seen.indexOf(visit.wireName) === nth ? without(result, lost, reader.tier) : result;
      },
    });
}

/** A row that tells only new flags can't be missed by any count, so those come through where changes are asked for. */
function without(result: VisitResult, lost: number, tier: Tier): VisitResult {
  const listing = new Listing();
  let dropped = 0;
  for (let row = 0; row < result.listing.length; row++) {
    const listed = result.listing.at(row);
    if (dropped <= lost && (tier === 'plain' || listed.size >= 0)) dropped += 1;
    else listing.add(listed);
  }
  return { ...result, listing, roster: null, exists: result.exists + 100 };
}

/** After so many visits and bodies the server is gone for good. */
export function lostConnection(visits: number, bodies: number): (reader: MailboxReader) => MailboxReader {
  let [visited, sent] = [0, 0];
  const gone = () => new AccountError('the server is gone', { code: 'unreachable' });
  return (reader) =>
    overriding(reader, {
      visit: async (visit) => {
        if (visited++ >= visits) throw gone();
        return reader.visit(visit);
      },
      bodies: async (job, sinks) =>
        reader.bodies(job, {
          begin: (uid, size) => {
            const sink = sinks.begin(uid, size);
            if (sent++ < bodies) return sink;
            return {
              write: (chunk) => sink.write(chunk),
              end: () => {
                sink.abort();
                throw gone();
              },
              abort: () => sink.abort(),
            };
          },
        }),
    });
}

export function overriding(reader: MailboxReader, ours: Partial<MailboxReader>): MailboxReader {
  return {
    tier: reader.tier,
    prefix: reader.prefix,
    utf8: reader.utf8,
    list: () => reader.list(),
    visit: (visit) => reader.visit(visit),
    bodies: (job, sinks) => reader.bodies(job, sinks),
    probe: (job, sizes, places, receive) => reader.probe(job, sizes, places, receive),
    labels: (request, receive) => reader.labels(request, receive),
    close: () => reader.close(),
    ...ours,
  };
}
