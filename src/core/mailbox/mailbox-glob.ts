/**
 * Which mailboxes an account backs up: globs over the decoded mailbox path, whose components are joined
 * by "/". `*` and `?` stay within one component, `**` crosses them, a leading or inner `**` + "/" stands
 * for any number of whole components (none too), and the single pattern `*` means everything. Nothing
 * else is special: "[", "{", "%" and "\" are themselves, so a pattern without * and ? is one mailbox.
 * Matching costs at most pattern length times path length, whatever either holds.
 */

export interface MailboxRules {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

export interface MailboxVerdict {
  readonly selected: boolean;
  /** The pattern that decided; null when no include pattern matched. */
  readonly pattern: string | null;
  readonly reason: 'included' | 'excluded' | 'not included';
}

/** True when an include pattern matches and no exclude pattern does. */
export function selects(path: string, rules: MailboxRules): boolean {
  return why(path, rules).selected;
}

export function why(path: string, rules: MailboxRules): MailboxVerdict {
  return compileRules(rules)(path);
}

/**
 * For many paths under the same rules. The verdict names the first pattern that led to it; an exclude
 * pattern outweighs every include pattern.
 */
export function compileRules(rules: MailboxRules): (path: string) => MailboxVerdict {
  const include = rules.include.map((pattern) => ({ pattern, matches: compileGlob(pattern) }));
  const exclude = rules.exclude.map((pattern) => ({ pattern, matches: compileGlob(pattern) }));
  return (path) => {
    const included = include.find(({ matches }) => matches(path));
    if (!included) return { selected: false, pattern: null, reason: 'not included' };
    const excluded = exclude.find(({ matches }) => matches(path));
    if (excluded) return { selected: false, pattern: excluded.pattern, reason: 'excluded' };
    return { selected: true, pattern: included.pattern, reason: 'included' };
  };
}

export function compileGlob(pattern: string): (path: string) => boolean {
  if (pattern === '*') return () => true;
  const wanted = comparable(pattern);
  if (!/[*?]/.test(pattern)) return (path) => comparable(path) === wanted;
  const steps = stepsOf(wanted);
  return (path) => {
    let states = reach(steps, new Set([0]));
    for (const character of comparable(path)) {
      states = reach(steps, advance(steps, states, character));
      if (states.size === 0) return false;
    }
    return states.has(steps.length);
  };
}

/** INBOX is one mailbox in any case (RFC 9051 5.1); é is é whether composed (NFC) or not. */
function comparable(text: string): string {
  return text.normalize('NFC').replace(/^inbox(?=\/|$)/i, 'INBOX');
}

type Step =
  | { readonly kind: 'literal'; readonly character: string }
  | { readonly kind: 'one' }
  | { readonly kind: 'run' }
  | { readonly kind: 'deep-run' }
  /** Two states: before a component (may be skipped), and inside one (left by its "/"). */
  | { readonly kind: 'components' }
  | { readonly kind: 'inside-component' };

function stepsOf(pattern: string): readonly Step[] {
  const steps: Step[] = [];
  const characters = [...pattern];
  for (let index = 0; index < characters.length; ) {
    const character = characters[index]!;
    if (character === '?') steps.push({ kind: 'one' });
    else if (character !== '*') steps.push({ kind: 'literal', character });
    else {
      const start = index;
      while (characters[index + 1] === '*') index++;
      const wholeComponent =
        index > start && (start === 0 || characters[start - 1] === '/') && characters[index + 1] === '/';
      if (wholeComponent) {
        steps.push({ kind: 'components' }, { kind: 'inside-component' });
        index++;
      } else steps.push({ kind: index > start ? 'deep-run' : 'run' });
    }
    index++;
  }
  return steps;
}

/** The states reached without reading a character. */
function reach(steps: readonly Step[], states: ReadonlySet<number>): Set<number> {
  const reached = new Set(states);
  // A set's iteration visits what is added while it runs.
  for (const state of reached) {
    const kind = steps[state]?.kind;
    if (kind === 'run' || kind === 'deep-run') reached.add(state + 1);
    if (kind === 'components') reached.add(state + 2);
  }
  return reached;
}

function advance(steps: readonly Step[], states: ReadonlySet<number>, character: string): Set<number> {
  const next = new Set<number>();
  for (const state of states) {
    const step = steps[state];
    const slash = character === '/';
    if (step?.kind === 'literal' && step.character === character) next.add(state + 1);
    if (step?.kind === 'one' && !slash) next.add(state + 1);
    if (step?.kind === 'run' && !slash) next.add(state);
    if (step?.kind === 'deep-run') next.add(state);
    if (step?.kind === 'components' && !slash) next.add(state + 1);
    if (step?.kind === 'inside-component') next.add(slash ? state - 1 : state);
  }
  return next;
}
