/**
 * A text that must not be seen: a password, a client secret, a webhook's URL. Whoever needs the text
 * says so with `reveal()`; printing, logging, serialising or inspecting the object shows only that there
 * is one, so that a whole config can be logged.
 */

const MASK = '[secret]';

export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself: for the one call that hands it to a server, never for a message or a log. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  // Node's util.inspect looks this symbol up in the global registry, so no node: import is needed.
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return MASK;
  }
}
