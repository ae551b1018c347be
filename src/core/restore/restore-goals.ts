/**
 * Which mailbox of the target gets which mailbox of the archive. Pure. In place on the same server names stay
 * as they were, octet for octet. Elsewhere INBOX goes to INBOX, the special uses to the mailbox with the same
 * use, and all others to their own name as that server can spell it; two mailboxes never become one.
 */

import { displayPath, mailboxPath } from '../mailbox/mailbox-path.js';
import type { IndexedMailbox } from '../ports/placements.js';
import type { TargetMailbox, TargetName } from '../ports/restore.js';

export interface RestoreGoal {
  readonly wireName: string;
  /** For people. */
  readonly path: string;
  readonly components: readonly string[];
  readonly exists: boolean;
  /** To create it with. */
  readonly specialUse: string | null;
  /** What is different from the archive's name, or null. */
  readonly remark: string | null;
}

export interface GoalContext {
  /** Mailbox names under which everything is put, outermost first; empty to restore in place. */
  readonly prefix: readonly string[];
  /** Whether the target is the very server the archive came from. */
  readonly sameServer: boolean;
  readonly existing: readonly TargetMailbox[];
  readonly nameOf: (components: readonly string[]) => TargetName;
  /** Under which name a refused one was created before, or null. */
  readonly givenName: (wireName: string) => string | null;
}

/** One goal for each path of the archive, of which all mailboxes must be given, selected or not. */
export function chooseGoals(
  mailboxes: readonly IndexedMailbox[],
  context: GoalContext,
): ReadonlyMap<string, RestoreGoal> {
  const chooser = new Chooser(mailboxes, context);
  const goals = new Map<string, RestoreGoal>();
  // Names that need no change come first, so that a changed one has to give way.
  const changes = (mailbox: IndexedMailbox) => (chooser.keepsName(mailbox) ? 0 : 1);
  for (const mailbox of [...mailboxes].sort((a, b) => changes(a) - changes(b))) {
    if (!goals.has(mailbox.path)) goals.set(mailbox.path, chooser.goal(mailbox));
  }
  return goals;
}

class Chooser {
  readonly #context: GoalContext;
  readonly #existing: ReadonlyMap<string, TargetMailbox>;
  readonly #twins: ReadonlyMap<string, TargetMailbox>;
  readonly #taken = new Map<string, string>();

  constructor(mailboxes: readonly IndexedMailbox[], context: GoalContext) {
    this.#context = context;
    this.#existing = new Map(context.existing.map((mailbox) => [nameKey(mailbox.wireName), mailbox]));
    this.#twins = context.sameServer || context.prefix.length > 0 ? new Map() : twinsOf(mailboxes, context);
  }

  keepsName(mailbox: IndexedMailbox): boolean {
    if (this.#isRaw()) return true;
    return this.#twinOf(mailbox) === null && !this.#context.nameOf(this.#own(mailbox)).changed;
  }

  goal(mailbox: IndexedMailbox): RestoreGoal {
    if (this.#isRaw()) {
      const raw = { wireName: mailbox.wireName, components: mailbox.components, changed: false };
      return this.#goal(mailbox, raw, null);
    }
    const twin = this.#twinOf(mailbox);
    if (twin !== null && this.#take(twin.wireName, mailbox.path)) {
      const goal = this.#goal(mailbox, twin, null);
      return { ...goal, specialUse: null };
    }
    const own = this.#own(mailbox);
    for (let number = 1; ; number += 1) {
      const name = this.#context.nameOf(
        number === 1 ? own : [...own.slice(0, -1), `${own.at(-1)}_${number}`],
      );
      if (!this.#take(name.wireName, mailbox.path)) continue;
      const differs = name.changed || number > 1;
      const remark = differs
        ? `the target can't have that name; it is called ${shown(name.components)} there`
        : null;
      return this.#goal(mailbox, name, remark);
    }
  }

  #isRaw(): boolean {
    return this.#context.sameServer && this.#context.prefix.length === 0;
  }

  #own(mailbox: IndexedMailbox): readonly string[] {
    return [...this.#context.prefix, ...mailbox.components];
  }

  /** False where another mailbox of the archive goes there. */
  #take(wireName: string, path: string): boolean {
    const key = nameKey(wireName);
    const owner = this.#taken.get(key) ?? path;
    this.#taken.set(key, owner);
    return owner === path;
  }

  #goal(mailbox: IndexedMailbox, name: TargetName, remark: string | null): RestoreGoal {
    const wanted = this.#find(name.wireName);
    const given = wanted === undefined ? this.#context.givenName(name.wireName) : null;
    const found = given === null ? wanted : this.#find(given);
    const renamed = given !== null && found !== undefined;
    const components = renamed ? texts(found) : name.components;
    return {
      wireName: renamed ? found.wireName : name.wireName,
      path: shown(components),
      components,
      exists: found?.selectable === true,
      specialUse: this.#context.prefix.length > 0 ? null : mailbox.specialUse,
      remark: renamed ? `the target refuses that name; it is called ${shown(components)} there` : remark,
    };
  }

  #find(wireName: string): TargetMailbox | undefined {
    return this.#existing.get(nameKey(wireName));
  }

  /** The mailbox with the same special use, or the place below it where its sub-mailbox goes. */
  #twinOf(mailbox: IndexedMailbox): TargetName | null {
    for (let depth = mailbox.components.length; depth > 0; depth -= 1) {
      const twin = this.#twins.get(pathKey(mailbox.components.slice(0, depth)));
      if (twin === undefined) continue;
      const below = mailbox.components.slice(depth);
      if (below.length === 0) return { wireName: twin.wireName, components: texts(twin), changed: false };
      return this.#context.nameOf([...texts(twin), ...below]);
    }
    return null;
  }
}

const MAPPED_USES = new Set(['\\sent', '\\drafts', '\\junk', '\\trash', '\\archive']);

/** By the archive's path: the target's mailbox with the same use. Of several with one use only one is mapped. */
function twinsOf(
  mailboxes: readonly IndexedMailbox[],
  { existing }: GoalContext,
): ReadonlyMap<string, TargetMailbox> {
  const twins = new Map<string, TargetMailbox>();
  for (const use of MAPPED_USES) {
    const there = existing.find(
      (candidate) => candidate.selectable && candidate.specialUse?.toLowerCase() === use,
    );
    if (there === undefined) continue;
    const ours = mailboxes.filter((mailbox) => mailbox.specialUse?.toLowerCase() === use);
    const goal = pathKey(texts(there));
    const chosen =
      ours.find((mailbox) => pathKey(mailbox.components) === goal) ??
      ours.find((mailbox) => mailbox.listed) ??
      ours[0];
    if (chosen !== undefined) twins.set(pathKey(chosen.components), there);
  }
  return twins;
}

function texts(mailbox: TargetMailbox): string[] {
  return mailbox.path.components.map((component) => component.text);
}

function shown(components: readonly string[]): string {
  return displayPath(mailboxPath(...components));
}

function pathKey(components: readonly string[]): string {
  return components.join('\0');
}

/** INBOX is the one name without case. */
function nameKey(wireName: string): string {
  return wireName.toUpperCase() === 'INBOX' ? 'INBOX' : wireName;
}
