import { overviewOf, type AuthorityOverview } from '../../../assess/authority/authorities.ts';
import { readerWithin } from '../../../inventory/read-item.ts';
import { takeInventory } from '../../../inventory/take-inventory.ts';
import { datastoreOf } from '../../../layout/datastore.ts';
import { readPinnedHash, tokenPath } from '../../../layout/join-token.ts';
import type { Layout } from '../../../layout/layout.ts';
import { otherUnit } from '../../../report/authority/authorities-text.ts';
import { authorityReport, type AuthorityReport } from '../../../report/authority/authorities.ts';
import { loadState } from '../../../state/load-state.ts';
import type { Ports } from '../../../survey/ports.ts';

/** The document of `ca status`. Files only: neither the service nor another node is asked. */
export function authorityReportOf(
  ports: Ports,
  layout: Layout,
): { readonly overview: AuthorityOverview; readonly report: AuthorityReport } {
  const now = ports.clock.now();
  const loaded = loadState(ports.reader);
  const inventory = takeInventory(layout, ports.reader, ports.memory);
  const overview = overviewOf(inventory, now, ports.config.authority.criticalDays);
  const report = authorityReport({
    overview,
    layout,
    root: ports.root,
    now,
    datastore: datastoreOf(layout, ports.reader),
    tokenPath: tokenPath(layout.dataDir),
    remembered: loaded.kind === 'loaded' ? loaded.state.authorityRotation : null,
    agentUnit: otherUnit(layout.name, 'agent'),
    pinnedHash: readPinnedHash(layout.dataDir, readerWithin(ports.reader, layout.dataDir)),
  });
  return { overview, report };
}
