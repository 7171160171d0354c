import test from 'ava';
import { losePowerEverywhere, loseRecoveryEverywhere, type Survey, type Wrap } from './power-loss.ts';
import { noteSites, without } from './sync-sites.ts';

const failingState = {
  saveState: () => {
    throw new Error('the state could not be saved');
  },
};

/** From quick to slow: the first that finds a violation will do. */
const models: readonly ((wrap: Wrap) => Survey)[] = [
  (wrap) => losePowerEverywhere({ wrap, thorough: false }),
  (wrap) => losePowerEverywhere({ wrap, thorough: false, prepareOnly: true }),
  (wrap) => losePowerEverywhere({ wrap, thorough: false, twist: failingState }),
  (wrap) => losePowerEverywhere({ wrap }),
  (wrap) => loseRecoveryEverywhere({ wrap }),
  (wrap) => loseRecoveryEverywhere({ wrap, restage: true }),
];

test('power-loss model finds a violation when any one sync of store, commit or recovery is deleted', (t) => {
  t.timeout(600_000);
  const exercised = models.map((model) => {
    const sites = new Set<string>();
    t.is(model(noteSites(sites)).violation, undefined);
    return { model, sites };
  });
  const sites = [...new Set(exercised.flatMap((one) => [...one.sites]))].sort();
  for (const site of sites) {
    let violation: string | undefined;
    for (const { model } of exercised.filter((one) => one.sites.has(site)))
      violation ??= model(without(site)).violation;
    t.not(violation, undefined, `the sync at ${site} is not needed, or the model does not see why it is`);
    t.log(`without ${site}\n    ${violation ?? ''}`);
  }
  t.log(`${sites.length} syncs, each of them needed`);
});
