import type { Door, DoorName } from './door.ts';

/** Only for the command of that name, when a person has asked for what changes protected paths (eslint.config.js). */
export function openDoor(by: DoorName): Door {
  return Object.freeze({ by }) as Door;
}
