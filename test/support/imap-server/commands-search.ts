// SEARCH and UID SEARCH, with RETURN (...) as ESEARCH (RFC 4731).

import type { CommandArguments } from './command-arguments.js';
import { bad } from './command-error.js';
import type { Outcome } from './commands.js';
import { readCriteria } from './search-keys.js';
import { formatSequenceSet } from './sequence-set.js';
import type { CommandContext, Session } from './session.js';

export function search(byUid: boolean): (context: CommandContext) => Outcome {
  return ({ session, args, reply, tag }) => {
    args.space();
    const options = readReturn(session, args);
    if (args.skip(/CHARSET /iy)) {
      args.astring();
      args.space();
    }
    const criteria = readCriteria(session, args);
    args.end();
    const { selection } = session;
    const found: number[] = [];
    for (let index = 0; index < selection.count; index++) {
      const message = selection.message(index);
      if (message !== undefined && criteria(message, index)) found.push(byUid ? message.uid : index + 1);
    }
    if (options === undefined) {
      reply.line(['* SEARCH', ...found].join(' '));
      return undefined;
    }
    const results = options.map((option) => resultOf(option, found)).filter((text) => text !== '');
    reply.line([`* ESEARCH (TAG "${tag}")`, ...(byUid ? ['UID'] : []), ...results].join(' '));
    return undefined;
  };
}

function readReturn(session: Session, args: CommandArguments): string[] | undefined {
  if (!args.skip(/RETURN /iy)) return undefined;
  session.require('ESEARCH');
  const options = args.list(() => args.keyword());
  args.space();
  const unknown = options.find((option) => !['ALL', 'COUNT', 'MIN', 'MAX'].includes(option));
  if (unknown !== undefined) throw bad(`Unknown search return option ${unknown}`);
  return options.length === 0 ? ['ALL'] : options;
}

/** MIN, MAX and ALL are left out when nothing was found. */
function resultOf(option: string, found: readonly number[]): string {
  if (option === 'COUNT') return `COUNT ${found.length}`;
  if (found.length === 0) return '';
  if (option === 'MIN') return `MIN ${found[0]}`;
  if (option === 'MAX') return `MAX ${found.at(-1)}`;
  return `ALL ${formatSequenceSet(found)}`;
}
