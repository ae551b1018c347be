/** Which of the archive's messages a restore or an export is about. */
import type { IndexedMailbox, SelectedPlacement } from '../core/archive-ports.js';
import type { RestoreSelection } from './restore.js';

export interface SelectionSource {
  mailboxes(): IndexedMailbox[];
  present(mailbox: IndexedMailbox): Iterable<SelectedPlacement>;
}

export interface SelectionRequest {
  readonly selects: (path: string) => boolean;
  readonly query: readonly string[];
}

export function selectMessages(source: SelectionSource, request: SelectionRequest): RestoreSelection[] {
  return source
    .mailboxes()
    .filter((mailbox) => request.selects(mailbox.path))
    .map((mailbox) => ({ mailbox, placements: [...source.present(mailbox)] }));
}
