/**
 * A restore's ledger on a disk that may refuse it at any time. It only resolves doubt, and is no reason to keep the
 * mail back: once it has failed it is asked nothing more, and that is said.
 */
import { ArchiveError } from '../core/errors.js';
import type { RestoreLedger } from '../core/ports/restore.js';

/** What is said where there is none, or none any more. */
export function notNotedDown(error: ArchiveError): string {
  return `what is sent is not noted down, since ${error.message}; a run after this one looks at the target`;
}

export function whileItLasts(ledger: RestoreLedger, onFailure: (error: ArchiveError) => void): RestoreLedger {
  let hasFailed = false;
  const attempt = <T>(work: () => T, otherwise: T): T => {
    if (hasFailed) return otherwise;
    try {
      return work();
    } catch (error) {
      if (!(error instanceof ArchiveError)) throw error;
      hasFailed = true;
      onFailure(error);
      return otherwise;
    }
  };
  return {
    known: (place) => attempt(() => ledger.known(place), []),
    pending: (place) => attempt(() => ledger.pending(place), []),
    recordPending: (place, entries) => attempt(() => ledger.recordPending(place, entries), undefined),
    recordKnown: (place, entries) => attempt(() => ledger.recordKnown(place, entries), undefined),
    clearPending: (place) => attempt(() => ledger.clearPending(place), undefined),
    givenName: (wanted) => attempt(() => ledger.givenName(wanted), null),
    recordGivenName: (wanted, given) => attempt(() => ledger.recordGivenName(wanted, given), undefined),
    close: () => ledger.close(),
  };
}
