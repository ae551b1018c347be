/**
 * Every connection to SQLite begins here. Node.js 24.19 and later of that line abort the process when an object of a
 * native module that was compiled for them is collected at the wrong moment (nodejs/node#65446; 20, 22 and 26 don't):
 * there no statement is ever let go of. A closed one holds next to nothing.
 */
import Database from 'better-sqlite3';

export function connect(file: string, options: Database.Options = {}): Database.Database {
  const database = new Database(file, options);
  if (collectingAborts) keepStatements(database);
  return database;
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const collectingAborts = major === 24 && minor >= 19;

const kept: object[] = [];

/** pragma() and transaction() prepare behind the back of the class, on the native object that it hides. */
function keepStatements(database: Database.Database): void {
  const [hidden] = Object.getOwnPropertySymbols(database);
  const native: unknown = hidden === undefined ? undefined : Reflect.get(database, hidden);
  kept.push(database);
  if (kept.length > 1 || typeof native !== 'object' || native === null) return;
  keepWhat(native, 'prepare');
  keepWhat(database.prepare('SELECT 1'), 'iterate');
}

/** What this method makes, for all objects of the class. */
function keepWhat(one: object, method: string): void {
  const prototype: unknown = Object.getPrototypeOf(one);
  const make: unknown = Reflect.get(one, method);
  if (typeof prototype !== 'object' || prototype === null || typeof make !== 'function') return;
  Reflect.set(prototype, method, function keeping(this: object, ...parameters: unknown[]): unknown {
    const made: unknown = Reflect.apply(make, this, parameters);
    if (typeof made === 'object' && made !== null) kept.push(made);
    return made;
  });
}
