/** A sign-in with an access token that a server refused: it is tried once more, with a token made anew. */
import type { MailkeepError } from '../core/errors.js';

/** The server took the connection, and not the access token. */
export class RefusedToken extends Error {
  readonly reason: MailkeepError;
  readonly token: string;

  constructor(reason: MailkeepError, token: string) {
    super(reason.message, { cause: reason });
    this.reason = reason;
    this.token = token;
  }
}

/** `signIn` is told the token that was refused, or null. Throws what it throws; for a RefusedToken its reason. */
export async function withFreshToken<T>(signIn: (refused: string | null) => Promise<T>): Promise<T> {
  try {
    return await signIn(null);
  } catch (error) {
    if (!(error instanceof RefusedToken)) throw error;
    // It may have been revoked, or the server's clock may be ahead.
    return await signIn(error.token).catch((again: unknown) => {
      throw again instanceof RefusedToken ? again.reason : again;
    });
  }
}
