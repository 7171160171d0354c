import type { Change } from './change.ts';

declare const opened: unique symbol;

/**
 * The right to change protected paths (P2). One exists only while a command runs that a person gave for just that: what
 * makes one is in `open-door.ts`, which lint lets nobody import but the commands that are named here. Neither the boot
 * hook nor the daemon can have one, and no change and no journal on the disk is one: whoever has none holds such changes back.
 */
export interface Door {
  readonly by: DoorName;
  readonly [opened]: true;
}

/** The commands as a person types them. */
export type DoorName = 'prestart --repair-bootstrap' | 'ca recover' | 'backup restore';

/** May the command make this change to a protected path? */
export function lets(door: Door | undefined, change: Change): boolean {
  switch (door?.by) {
    case undefined:
      return false;
    // Takes damaged files away, and writes none.
    case 'prestart --repair-bootstrap':
      return change.op === 'remove' && change.bootstrap === true && change.expects.state === 'file';
    // Puts a datastore in the place of the one that was there.
    case 'ca recover':
      return change.op === 'put' && change.path.includes('/server/db/');
    // Puts files back, and takes none away.
    case 'backup restore':
      return change.op === 'put';
  }
}
