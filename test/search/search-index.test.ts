import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ContentFacts, NO_CONTENT } from '../../src/core/message/message-facts.js';
import { openIndex } from '../../src/sqlite/database.js';
import { SearchIndex } from '../../src/sqlite/search-index.js';

const FACTS: ContentFacts = { ...NO_CONTENT, from: 'a@x', subject: 'secret plan', text: 'the text' };
const SHA = 'ab'.repeat(32);

describe('the search index', () => {
  let folder: string;
  let search: SearchIndex;
  const index = (sql: string) => {
    const database = openIndex(join(folder, 'index.db'), { create: true });
    database.exec(sql);
    database.close();
  };
  const rows = (table: string) => {
    const database = new Database(join(folder, 'search.db'), { readonly: true });
    const { count } = database.prepare(`SELECT count(*) AS count FROM ${table}`).get() as { count: number };
    database.close();
    return count;
  };
  const enterAll = () => {
    const unread = search.unreadHeaders(10);
    search.enterHeaders(
      unread.map(({ id, sha256, place }) => ({ id, sha256, facts: place === null ? null : FACTS })),
    );
    const texts = search.unreadTexts(0, 10);
    const read = { facts: FACTS, words: 'the text', names: '', packed: Buffer.from('x') };
    search.enterTexts(texts.map(({ id, sha256 }) => ({ id, sha256, read })));
    return { headers: unread.length, texts: texts.length };
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mailkeep-search-'));
    index(`
      INSERT INTO mailbox (id, wire_name, path, components, folder, subscribed, generation, on_server, first_run, since_run)
        VALUES (1, 'INBOX', 'INBOX', '[]', 'INBOX', 0, 1, 0, 1, 1);
      INSERT INTO flag_set (id, flags) VALUES (1, '');
      INSERT INTO message (id, sha256, size, header_sha256) VALUES (1, unhex('${SHA}'), 3, x'');
      INSERT INTO placement (mailbox, generation, uid, flag_set, flags_run, received_at, server_size, message, tree, letters, settled,
        adopted, first_run, attempts, next_attempt_at) VALUES (1, 1, 1, 1, 1, 0, 3, 1, 'mail', '', 1, 0, 1, 0, 0);`);
    search = SearchIndex.open(join(folder, 'search.db'), join(folder, 'index.db'));
  });
  afterEach(() => {
    search.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('takes every message in once', () => {
    expect(search.isBehind()).toBe(true);
    expect(search.unindexed()).toEqual({ waiting: 1, broken: 0 });
    expect(enterAll()).toEqual({ headers: 1, texts: 1 });
    expect([search.isBehind(), search.unindexed()]).toEqual([false, { waiting: 0, broken: 0 }]);
    search.reconcile();
    expect(enterAll()).toEqual({ headers: 0, texts: 0 });
    expect(search.isBehind()).toBe(false);
  });

  test('forgets what was pruned, and reads it again when it is back', () => {
    enterAll();
    index('UPDATE placement SET tree = NULL');
    search.reconcile();
    expect([rows('message'), rows('body'), rows('words')]).toEqual([0, 0, 0]);
    expect(enterAll()).toEqual({ headers: 1, texts: 0 });
    expect([search.hasLost(), search.isBehind(), search.unindexed().waiting]).toEqual([true, false, 0]);
    index(`UPDATE placement SET tree = 'mail'`);
    search.reconcile();
    expect(enterAll()).toEqual({ headers: 1, texts: 1 });
    expect(search.hasLost()).toBe(false);
  });

  test('believes no row whose number now means another message', () => {
    enterAll();
    index(`UPDATE message SET sha256 = unhex('${'cd'.repeat(32)}')`);
    expect([search.isBehind(), search.unindexed().waiting]).toEqual([true, 1]);
    expect(enterAll()).toEqual({ headers: 1, texts: 1 });
    expect([rows('message'), rows('body')]).toEqual([1, 1]);
  });

  test('marks what broke its reader, and does not ask for it again', () => {
    const [header] = search.unreadHeaders(1);
    search.enterHeaders([{ ...header!, facts: FACTS }]);
    const [text] = search.unreadTexts(0, 1);
    search.enterTexts([{ ...text!, read: { broken: 'it took too long' } }]);
    expect(search.unreadTexts(0, 1)).toEqual([]);
    expect(search.unindexed()).toEqual({ waiting: 0, broken: 1 });
  });

  test('is made anew where another version wrote it', () => {
    enterAll();
    search.close();
    const database = new Database(join(folder, 'search.db'));
    database.pragma('user_version = 99');
    database.close();
    search = SearchIndex.open(join(folder, 'search.db'), join(folder, 'index.db'));
    expect(rows('message')).toBe(0);
    expect(enterAll()).toEqual({ headers: 1, texts: 1 });
  });
});
