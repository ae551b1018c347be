/** Opens an account's search index, to fill it or to ask it; whoever opens it closes it. */
import { join } from 'node:path';
import type { AccountConfig } from '../config/config.js';
import { SearchIndex } from '../sqlite/search-index.js';
import { SearchReader } from '../sqlite/search-reader.js';
import type { Wiring } from './wiring.js';

/** Throws ArchiveError `no_archive` where nothing was backed up yet. */
export function openSearch(wiring: Wiring, account: AccountConfig): SearchIndex {
  // Migrates, and throws where there is none.
  wiring.reader(account).close();
  return searchIndexOf(wiring.root(account));
}

/** Of an archive whose index.db is there and of the present schema. */
export function searchIndexOf(root: string): SearchIndex {
  return SearchIndex.open(join(root, 'search.db'), join(root, 'index.db'));
}

export function openSearchReader(wiring: Wiring, account: AccountConfig): SearchReader {
  const root = wiring.root(account);
  return SearchReader.open(join(root, 'search.db'), join(root, 'index.db'));
}
