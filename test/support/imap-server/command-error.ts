// How a command is turned down. Thrown anywhere below the dispatcher, which answers it as the tagged
// response; NO means "understood and refused", BAD means "the client may not say this here". A test that
// sees BAD has caught the client using something the server never offered.

export class CommandError extends Error {
  readonly status: 'NO' | 'BAD';
  readonly code: string | undefined;

  constructor(status: 'NO' | 'BAD', text: string, code?: string) {
    super(text);
    this.name = 'CommandError';
    this.status = status;
    this.code = code;
  }
}

export const bad = (text: string): CommandError => new CommandError('BAD', text);

export const no = (text: string, code?: string): CommandError => new CommandError('NO', text, code);
