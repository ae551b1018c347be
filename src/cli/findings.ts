/** How findings of check look in JSON and to people. */
import type { Finding } from '../core/proof/findings.js';
import { printable } from '../core/text/printable.js';
import type { CheckReport } from '../jobs/check.js';
import { print, type Verb } from './io.js';

export function findingJson({ kind, mailbox, file, uid, reason }: Finding) {
  return { kind, mailbox, file, uid, reason };
}

/** Harmless findings named before the rest is only counted; damage is always named one by one. */
const NAMED = 20;

export function printFindings(verb: Verb, report: CheckReport): void {
  const list = (title: string, findings: readonly Finding[], most = Number.POSITIVE_INFINITY) => {
    for (const { file, reason } of findings.slice(0, most))
      print(verb, `  ${title}: ${printable(file)}: ${printable(reason)}`);
    if (findings.length > most)
      print(verb, `  ${title}: and ${findings.length - most} more; --json names them all`);
  };
  list('index', report.index);
  list('missing', report.missing);
  list('corrupt', report.corrupt);
  list('unindexed', report.unindexed);
  list('untidy', report.untidy, NAMED);
  list('known to be lost', report.lost, NAMED);
}
