import { basename } from 'node:path';
import type { FileReader } from '../disk/file-reader.ts';
import type { Layout } from '../layout/layout.ts';
import { readServiceSettings, findDropIns, findUnit } from '../systemd/unit-file.ts';
import { type DropIn, dropInPath, isMasked, placeTaken } from '../systemd/drop-in.ts';
import { ill, well, type Examined } from './examined.ts';

const name = '10-certmend.conf';

/** What the packages install as systemd/10-certmend.conf for the units they know; a test holds the two together. */
const content = `# certmend heals the certificates before this unit starts, at each start attempt, and never blocks the start:
#  * "-": whatever goes wrong with this line (it fails, is killed, is no longer installed), systemd carries on;
#  * certmend itself gives up after 60 s (boot.deadline), starts nothing it could not finish, and exits 0;
#  * /usr/bin/certmend stops it after 75 s in case it does not (80 s with SIGKILL).
# To switch it off: "boot: {enabled: false}" in /etc/certmend/config.yaml, or mask this file:
#   ln -s /dev/null /etc/systemd/system/UNIT.service.d/10-certmend.conf; systemctl daemon-reload
[Service]
ExecStartPre=-/usr/bin/certmend prestart --unit %n
`;

/**
 * Does the unit run `certmend prestart` before each start, and does that act?
 * @param isEnabled boot.enabled
 */
export function bootHook(reader: FileReader, { unit, product }: HookedUnit, isEnabled: boolean): Examined {
  const file = findUnit(unit, reader);
  if (file === undefined || isMasked(reader, file)) {
    const lacks = file === undefined ? `no unit file of ${unit} is on this node` : `${unit} is masked by ${file}`;
    return ill(
      'boot-hook',
      'warning',
      `${lacks}, so nothing starts ${product} through it and no boot hook runs`,
      `if another unit starts ${product}, set unit: and layout: in /etc/certmend/config.yaml; then: certmend doctor --write-drop-ins`,
    );
  }
  const hooks = hooksOf(reader, unit);
  if (hooks.length > 0 && !isEnabled) {
    return ill(
      'boot-hook',
      'warning',
      `${unit} runs certmend before each start, which only reports and repairs nothing: boot.enabled is false`,
      'if that is not what you want: remove boot.enabled from /etc/certmend/config.yaml and config.yaml.d',
    );
  }
  if (hooks.length > 0) return well('boot-hook', `${unit} runs certmend before each start (${hooks.join(', ')})`);
  const dropIn: DropIn = { path: dropInPath(unit, name), content, then: ['systemctl daemon-reload'] };
  const nothing = `nothing runs certmend before ${unit} starts`;
  const off = findDropIns(unit, reader).find((path) => basename(path) === name && isMasked(reader, path));
  if (off !== undefined) {
    return ill(
      'boot-hook',
      'warning',
      `${nothing}: it is switched off by ${off}`,
      `if that is not what you want: rm ${off}; systemctl daemon-reload; certmend doctor`,
    );
  }
  const taken = placeTaken(reader, dropIn.path);
  return taken === undefined
    ? ill(
        'boot-hook',
        'warning',
        nothing,
        `certmend doctor --write-drop-ins, or write ${dropIn.path} as certmend doctor prints it`,
        dropIn,
      )
    : ill(
        'boot-hook',
        'warning',
        `${nothing}, and ${taken}`,
        `certmend does not touch it. Add by hand, to it or to another *.conf in that directory, below [Service]: ${execStartPre}; then: systemctl daemon-reload`,
      );
}

type HookedUnit = Pick<Layout, 'unit' | 'product'>;

const execStartPre = content.trimEnd().split('\n').at(-1) ?? '';

/** Files of the unit in which systemd finds the hook: its drop-ins, or the unit file itself. */
function hooksOf(reader: FileReader, unit: string): readonly string[] {
  const file = findUnit(unit, reader);
  let hooks: string[] = [];
  for (const path of [...(file === undefined ? [] : [file]), ...findDropIns(unit, reader)]) {
    for (const { key, line, from } of readServiceSettings(path, reader)) {
      if (key !== 'ExecStartPre') continue;
      const command = line.text.slice(from).trim();
      // An empty assignment takes back all that came before (systemd.service(5)).
      if (command === '') hooks = [];
      else if (/certmend\b.*\bprestart\b/.test(command)) hooks.push(path);
    }
  }
  return hooks;
}
