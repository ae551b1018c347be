// Properties draw the same cases in every run of the suite, so that a red run is a change's doing. MAILKEEP_SEED=n
// draws others, MAILKEEP_SEED=random new ones each time; a failure prints its seed.

import fc from 'fast-check';

const wanted = process.env.MAILKEEP_SEED ?? '20261121';
if (wanted !== 'random') fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(wanted) });
