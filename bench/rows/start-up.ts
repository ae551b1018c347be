// What every call pays before it does anything.

import { MailkeepHome } from '../contestants.js';
import { MAILKEEP, memoryGoal, type Row, secondsGoal } from '../row.js';

export const startUp: Row = {
  name: 'version',
  needs: [],
  run: async (setting) => {
    const home = setting.owned(await MailkeepHome.make({ port: 1, user: 'nobody' }), (it) => it.remove());
    const series = await setting.compete([{ who: MAILKEEP, command: () => home.command('--version') }]);
    return {
      name: 'version',
      work: '--version',
      series,
      goals: [...secondsGoal(series, 0.15), ...memoryGoal(series)],
    };
  },
};
