import { describe, expect, test } from 'vitest';
import { mailboxPath } from '../../src/core/mailbox/mailbox-path.js';
import type { IndexedMailbox } from '../../src/core/ports/placements.js';
import type { TargetMailbox } from '../../src/core/ports/restore.js';
import { chooseGoals, type GoalContext } from '../../src/core/restore/restore-goals.js';
import { plainTargetName, targetName } from '../../src/imap/target-names.js';

function ours(path: string, specialUse: string | null = null): IndexedMailbox {
  return {
    id: 1,
    wireName: `raw ${path}`,
    path,
    components: path.split('/'),
    folder: path,
    generation: 1,
    checkpoint: null,
    uidValidity: null,
    specialUse,
    subscribed: true,
    listed: true,
  };
}

function theirs(wireName: string, path: string, specialUse: string | null = null): TargetMailbox {
  return { wireName, path: mailboxPath(...path.split('/')), selectable: true, specialUse };
}

const COURIER = { delimiter: '.', prefix: 'INBOX.', utf8: false };
const DOVECOT = { delimiter: '/', prefix: '', utf8: false };

function goals(mailboxes: readonly IndexedMailbox[], over: Partial<GoalContext> = {}, names = DOVECOT) {
  const chosen = chooseGoals(mailboxes, {
    prefix: [],
    sameServer: false,
    existing: [],
    nameOf: (components) => targetName(components, names),
    givenName: () => null,
    ...over,
  });
  return Object.fromEntries([...chosen].map(([path, goal]) => [path, goal.wireName]));
}

describe('the goals of a restore', () => {
  test('keep raw names in place on the same server, and not below a prefix', () => {
    const boxes = [ours('INBOX'), ours('Büro')];
    expect(goals(boxes, { sameServer: true })).toEqual({ INBOX: 'raw INBOX', Büro: 'raw Büro' });
    expect(goals(boxes, { sameServer: true, prefix: ['Restored', '2026-01-01'] })).toEqual({
      INBOX: 'Restored/2026-01-01/INBOX',
      Büro: 'Restored/2026-01-01/B&APw-ro',
    });
  });

  test('take the separator, prefix and encoding of the target', () => {
    expect(goals([ours('INBOX'), ours('a/b'), ours('Büro')], {}, COURIER)).toEqual({
      INBOX: 'INBOX',
      'a/b': 'INBOX.a.b',
      Büro: 'INBOX.B&APw-ro',
    });
  });

  test('never make two mailboxes one, and the name that needs no change wins', () => {
    const boxes = [ours('v1.2'), ours('v1_2'), ours('INBOX/x'), ours('x')];
    const chosen = goals(boxes, {}, COURIER);
    expect(chosen.v1_2).toBe('INBOX.v1_2');
    expect(chosen['v1.2']).toBe('INBOX.v1_2_2');
    expect(new Set(Object.values(chosen)).size).toBe(4);
  });

  test('find the same special use, with what lies below it', () => {
    const existing = [theirs('Sent Items', 'Sent Items', '\\Sent'), theirs('Bin', 'Bin', '\\Trash')];
    const boxes = [ours('Gesendet', '\\Sent'), ours('Gesendet/2024'), ours('Trash', '\\Trash'), ours('Sent')];
    expect(goals(boxes, { existing })).toEqual({
      Gesendet: 'Sent Items',
      'Gesendet/2024': 'Sent Items/2024',
      Trash: 'Bin',
      Sent: 'Sent',
    });
  });

  test('let a special use give way to a mailbox of that very name', () => {
    const existing = [theirs('Sent Items', 'Sent Items', '\\Sent')];
    const boxes = [ours('Gesendet', '\\Sent'), ours('Sent Items')];
    expect(goals(boxes, { existing })).toEqual({ Gesendet: 'Gesendet', 'Sent Items': 'Sent Items' });
  });

  test('remember the name that was given where the own one was refused', () => {
    const existing = [theirs('a_b', 'a_b')];
    const givenName = (wanted: string) => (wanted === 'a*b' ? 'a_b' : null);
    expect(goals([ours('a*b')], { existing, givenName })).toEqual({ 'a*b': 'a_b' });
    expect(goals([ours('a*b')], { givenName })).toEqual({ 'a*b': 'a*b' });
  });
});

describe('names on a target', () => {
  test('replace what no name may hold, and say so', () => {
    expect(targetName(['a/b', 'c\u0007d', ''], DOVECOT)).toEqual({
      wireName: 'a_b/c_d/_',
      components: ['a_b', 'c_d', '_'],
      changed: true,
    });
    expect(targetName(['one', 'two'], { ...DOVECOT, delimiter: null })).toMatchObject({
      wireName: 'one_two',
      changed: true,
    });
    expect(targetName(['inbox'], COURIER)).toMatchObject({ wireName: 'INBOX', changed: false });
    expect(targetName(['日本', '😀'], { ...DOVECOT, utf8: true }).wireName).toBe(
      Buffer.from('日本/😀').toString('latin1'),
    );
  });

  test('in plain characters hold what every server takes', () => {
    expect(plainTargetName(['#a*b%c', 'Büro 日本', '~'], [], DOVECOT).components).toEqual([
      '_a_b_c',
      'Büro 日本',
      '_',
    ]);
    expect([...plainTargetName(['x'.repeat(300)], ['_2'], DOVECOT).wireName]).toHaveLength(50);
  });
});
