import type { FileReader } from '../../disk/file-reader.ts';
import { readCommandLine } from './arguments.ts';
import { type KnownLayout, knownLayouts, layoutOf } from '../names.ts';
import { findDropIns, unitDirectories, findUnit, readUnit, realUnitName } from '../../systemd/unit-file.ts';

/** A unit of this node that runs a product. */
export interface ProductUnit {
  readonly unit: string;
  readonly layout: KnownLayout;
}

/** How sure it is that a unit is the one that runs, the surest first. */
export type UnitEvidence = 'active' | 'enabled' | 'installed';

/**
 * The units that run RKE2 or K3s, whatever they are called: by what their ExecStart starts, else (a wrapper script, a
 * unit that only a link of systemd's names) by a name that the products themselves give.
 */
export function productUnits(reader: FileReader): readonly ProductUnit[] {
  const units: ProductUnit[] = [];
  for (const name of new Set([...knownLayouts.map(({ unit }) => unit), ...mentioning(reader)])) {
    if (realUnitName(name, reader) !== name || isMasked(name, reader)) continue;
    const layout = layoutOfUnit(name, reader);
    if (layout === undefined) continue;
    const known = knownLayouts.some(({ unit }) => unit === name);
    if (!known || findUnit(name, reader) !== undefined || isActive(name, reader) || isEnabled(name, reader))
      units.push({ unit: name, layout });
  }
  return units;
}

/** The layout that a unit's command belongs to, else the one its name is known for; undefined when neither says it. */
export function layoutOfUnit(unit: string, reader: FileReader): KnownLayout | undefined {
  const { product, role } = readCommandLine(readUnit(unit, reader, []).command);
  const known = knownLayouts.find((layout) => layout.unit === unit);
  if (role === undefined) return known;
  return product === undefined ? known && layoutOf(known.product, role.value) : layoutOf(product, role.value);
}

/** Those for which the surest evidence speaks, with what it is; none when there are no units. */
export function surestUnits(
  units: readonly ProductUnit[],
  reader: FileReader,
): { readonly word: UnitEvidence; readonly units: readonly ProductUnit[] } {
  const active = units.filter(({ unit }) => isActive(unit, reader));
  if (active.length > 0) return { word: 'active', units: active };
  const enabled = units.filter(({ unit }) => isEnabled(unit, reader));
  if (enabled.length > 0) return { word: 'enabled', units: enabled };
  return { word: 'installed', units: units.filter(({ unit }) => findUnit(unit, reader) !== undefined) };
}

/** Services whose files, or whose drop-ins, have a product's name in them; the others need not be parsed. */
function mentioning(reader: FileReader): readonly string[] {
  const seen = new Set<string>();
  const found: string[] = [];
  for (const directory of unitDirectories) {
    for (const name of reader.list(directory) ?? []) {
      if (!name.endsWith('.service') || seen.has(name)) continue;
      seen.add(name);
      if ([`${directory}/${name}`, ...findDropIns(name, reader)].some((path) => mentions(path, reader)))
        found.push(...(name.endsWith('@.service') ? instancesOf(name, reader) : [name]));
    }
  }
  return found;
}

function mentions(path: string, reader: FileReader): boolean {
  const file = reader.read(path);
  return file.state === 'regular' && /rke2|k3s/i.test(file.bytes.toString('latin1'));
}

/** A template starts nothing by itself; its instances are known by the links that enable them or that are active. */
function instancesOf(template: string, reader: FileReader): readonly string[] {
  const stem = template.slice(0, -'.service'.length);
  const linked = wantsDirectories(reader).flatMap((directory) => reader.list(directory) ?? []);
  const active = (reader.list('/run/systemd/units') ?? []).map((name) => name.replace(/^invocation:/, ''));
  return [...new Set([...linked, ...active])].filter((name) => name.startsWith(stem) && name.endsWith('.service'));
}

/** systemd refuses to start it, whoever asks. */
function isMasked(unit: string, reader: FileReader): boolean {
  const path = findUnit(unit, reader);
  return path !== undefined && reader.readLink(path) === '/dev/null';
}

/** systemd keeps one link per active unit here; it is gone after a reboot and absent in a backup. */
function isActive(unit: string, reader: FileReader): boolean {
  return reader.stat(`/run/systemd/units/invocation:${unit}`).state === 'present';
}

function isEnabled(unit: string, reader: FileReader): boolean {
  return wantsDirectories(reader).some((directory) => reader.stat(`${directory}/${unit}`).state === 'present');
}

function wantsDirectories(reader: FileReader): readonly string[] {
  return unitDirectories.flatMap((directory) =>
    (reader.list(directory) ?? [])
      .filter((name) => /\.(wants|requires|upholds)$/.test(name))
      .map((name) => `${directory}/${name}`),
  );
}
