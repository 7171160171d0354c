import type { FileReader } from '../disk/file-reader.ts';
import type { Layout } from '../layout/layout.ts';

const certmongerRequests = '/var/lib/certmonger/requests';
const unitDirectories = ['/etc/systemd/system', '/usr/lib/systemd/system', '/usr/local/lib/systemd/system'];
/** Units that renew certificates of Kubernetes nodes, and whose they are. */
const rotatorUnits = new Map([
  ['k8s-certs-renew.timer', "kubespray's certificate renewal"],
  ['rancher-system-agent.service', "Rancher's system agent (it rotates certificates on request)"],
]);

/** Others that may write the same files (P10): they are reported, never fought. */
export function foreignRotators(
  reader: FileReader,
  layout: Layout,
): readonly { readonly who: string; readonly hint: string }[] {
  const tracked = (reader.list(certmongerRequests) ?? []).filter((name) => {
    const file = reader.read(`${certmongerRequests}/${name}`);
    return file.state === 'regular' && file.bytes.includes(`=${layout.dataDir}/`);
  });
  const units = [...rotatorUnits].filter(([unit]) =>
    unitDirectories.some((directory) => reader.stat(`${directory}/${unit}`).state === 'present'),
  );
  return [
    ...(tracked.length === 0
      ? []
      : [
          {
            who: `certmonger tracks ${String(tracked.length)} files below ${layout.dataDir}`,
            hint: 'one owner is enough: getcert stop-tracking for those requests',
          },
        ]),
    ...units.map(([unit, who]) => ({
      who: `${unit} is installed: ${who}`,
      hint: 'certmend adopts what it writes; make sure that they do not both rotate on the same day',
    })),
  ];
}
