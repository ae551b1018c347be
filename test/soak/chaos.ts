// npm run soak [-- --rounds 200] [--seed N] [--engine wire|imapflow] [--tier qresync|condstore|plain]
// The rounds over a bad link, for as long as told; prints the seed first, so that a failure can be had again.

import { parseArgs } from 'node:util';
import { chaos } from '../contract/chaos.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    engine: { type: 'string', multiple: true, default: ['wire', 'imapflow'] },
    tier: { type: 'string', multiple: true, default: ['qresync', 'condstore', 'plain'] },
  },
});

for (const tier of values.tier as ('qresync' | 'condstore' | 'plain')[]) {
  for (const engine of values.engine as ('wire' | 'imapflow')[]) {
    const [rounds, seed] = [Number(values.rounds), Number(values.seed)];
    console.log(`${tier}, ${engine}: ${rounds} rounds, seed ${seed}`);
    const startedAt = performance.now();
    const figures = await chaos({ seed, rounds, tier, engine });
    console.log({ ...figures, seconds: Math.round((performance.now() - startedAt) / 1000) });
  }
}
