/**
 * The configuration's schema for editors, made from the one that checks it. It knows types, choices and ranges,
 * and shows in words what a text has to be; what spans several keys only a run can tell (cross-checks.ts).
 */
import { z } from 'zod';
import { configSchema } from './schema.js';

export function configJsonSchema(): object {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const phrase = phraseOf(zodSchema);
      if (jsonSchema.type === 'string' && phrase !== null) jsonSchema.description = phrase;
    },
  });
  return { ...schema, title: 'Configuration of mailkeep' };
}

/** Each kind of value says what it expects (kinds.ts), and that helps before a mistake as well as after. */
function phraseOf(schema: z.core.$ZodType): string | null {
  const { error } = schema._zod.def;
  const phrase: unknown = error?.({ code: 'invalid_type', input: undefined, message: '' } as never);
  return typeof phrase === 'string' ? phrase : null;
}
