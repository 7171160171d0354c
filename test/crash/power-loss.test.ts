import test from 'ava';
import { losePowerEverywhere, loseRecoveryEverywhere, type Survey } from './power-loss.ts';

function survives(name: string, lose: () => Survey): void {
  test(`${name}, whatever of the unsynced reached the disk`, (t) => {
    const { points, losses, violation } = lose();
    t.is(violation, undefined);
    t.log(`${points} points, ${losses} losses of power`);
  });
}

survives('commit survives a power loss at every call', () => losePowerEverywhere());

survives('commit that is undone survives a power loss at every call', () =>
  losePowerEverywhere({
    twist: {
      saveState: () => {
        throw new Error('the state could not be saved');
      },
    },
  }),
);

survives('store keeps a generation whole or not at all', () => losePowerEverywhere({ prepareOnly: true }));

survives('recover survives a kill and a power loss at every call', () => loseRecoveryEverywhere());

survives('recover that has to stage again survives a kill and a power loss at every call', () =>
  loseRecoveryEverywhere({ restage: true }),
);
