/** `mailkeep notify --test`: sends a test through every notifier and says how each went. */
import { ConfigError, throwIfAborted, UsageError } from '../core/errors.js';
import { printable } from '../core/text/printable.js';
import { testNotifiers } from '../wiring/notifiers.js';
import { combineExitCodes, EXIT } from './exit-code.js';
import { print, printJson, type Verb } from './io.js';

export async function notify(verb: Verb, flags: { readonly test: boolean }): Promise<number> {
  if (!flags.test)
    throw new UsageError(
      'notify needs --test',
      'nothing was sent; mailkeep notify --test sends a test to everybody',
    );
  const { config } = await verb.load();
  if (config.notify.length === 0) {
    throw new ConfigError(`${config.file} names nobody to notify`, {
      hint: 'config.example.yaml shows webhook, email and ping under "notify"',
    });
  }
  const tests = await testNotifiers(config.notify, verb.around, verb.signal);
  throwIfAborted(verb.signal);
  if (verb.options.json) {
    printJson(verb, {
      notifiers: tests.map(({ notifier, error }) => ({ notifier, sent: error === null, error })),
    });
  } else {
    const lines = tests.map(
      ({ notifier, error }) =>
        `${printable(notifier)}: ${error === null ? 'sent' : `FAILED: ${printable(error)}`}`,
    );
    print(verb, lines.join('\n'));
  }
  return combineExitCodes(tests.map(({ error }) => (error === null ? EXIT.ok : EXIT.failed)));
}
