import { authorityRotation } from './authority-rotation.ts';
import { backup } from './backup.ts';
import { controlPlane } from './control-plane.ts';
import { errorInjection } from './error-injection.ts';
import { etcd } from './etcd.ts';
import { faults } from './faults.ts';
import { footprint } from './footprint.ts';
import { killEverywhere } from './kill-everywhere.ts';
import { goPeers } from './go-peers.ts';
import { manyKilledStarts } from './killed-starts.ts';
import { machineScenarios } from './machine/scenarios.ts';
import { packaging } from './packaging/scenarios.ts';
import { page } from './page.ts';
import { recoverScenarios } from './recover.ts';
import { prometheus } from './prometheus.ts';
import { soak } from './soak.ts';
import { straceKill } from './strace-kill.ts';
import { systemdScenarios } from './systemd/scenarios.ts';
import type { Scenario } from './scenario.ts';

/** In the order in which they begin. */
export const allScenarios: readonly Scenario[] = [
  ...etcd,
  ...goPeers,
  ...authorityRotation,
  ...recoverScenarios,
  ...packaging,
  ...footprint,
  ...page,
  ...prometheus,
  ...backup,
  ...systemdScenarios,
  ...soak,
  ...manyKilledStarts,
  ...controlPlane,
  ...machineScenarios,
  ...faults,
  ...errorInjection,
  ...straceKill,
  ...killEverywhere,
];
