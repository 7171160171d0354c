import { overviewOf } from '../../../assess/authorities.ts';
import { compose } from '../../../composition.ts';
import type { ExitStatus } from '../../../error.ts';
import { readerWithin } from '../../../inventory/read-item.ts';
import { takeInventory } from '../../../inventory/take-inventory.ts';
import { datastoreOf } from '../../../layout/datastore.ts';
import { readPinnedHash, tokenPath } from '../../../layout/join-token.ts';
import { authorityText, otherUnit } from '../../../report/authorities-text.ts';
import { authorityReport } from '../../../report/authorities.ts';
import { loadState } from '../../../state/load-state.ts';
import { findLayout } from '../../../survey/survey.ts';
import type { Arguments } from '../../command.ts';
import type { Io } from '../../io.ts';
import { paperOf, print } from '../../print.ts';
import { ofAuthorities } from '../../status-of.ts';
import { tellLayout } from '../tell-layout.ts';

/** Files only: neither the service nor another node is asked. */
export async function run(args: Arguments & { readonly at: string | undefined }, io: Io): Promise<ExitStatus> {
  const ports = await compose(args, io, { askSystemd: false });
  tellLayout(ports, args, io);
  const layout = findLayout(ports);
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
  print(args, io, report, () => authorityText(report, layout.unit, paperOf(io)));
  return ofAuthorities(overview);
}
