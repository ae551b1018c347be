/**
 * A mailbox's place in the hierarchy as people see it. Components are decoded text; the path joins them
 * with "/" whatever the server's delimiter is. The path is for people and globs; identity is the wire
 * name, and the folder (mailbox-folder.ts) is what keeps two mailboxes apart on disk.
 */

export interface PathComponent {
  readonly text: string;
  /** false where decoding the wire name and encoding it again gives other octets. */
  readonly exact: boolean;
}

export interface MailboxPath {
  readonly components: readonly PathComponent[];
}

export function mailboxPath(...texts: string[]): MailboxPath {
  return { components: texts.map((text) => ({ text, exact: true })) };
}

/** The path for people: components joined by "/", a "/" inside a component as %2F. */
export function displayPath(path: MailboxPath): string {
  return path.components.map((component) => component.text.replaceAll('/', '%2F')).join('/');
}
