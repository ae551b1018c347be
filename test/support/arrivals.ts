// Things that arrive one by one, and tests that wait for a certain one: no sleeping, and a clear word when it
// does not come.

export class Arrivals<Thing> {
  readonly all: Thing[] = [];
  readonly #waiting = new Set<() => void>();

  add(thing: Thing): void {
    this.all.push(thing);
    for (const look of [...this.#waiting]) look();
  }

  /** The first one, also of those before, that is wanted; throws with all there is after `within` milliseconds. */
  async first(what: string, isWanted: (thing: Thing) => boolean, within = 20_000): Promise<Thing> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this.all.find(isWanted);
        if (found === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`${what} did not arrive; there is: ${JSON.stringify(this.all, null, 1)}`));
      }, within);
      this.#waiting.add(look);
      look();
    });
  }
}
