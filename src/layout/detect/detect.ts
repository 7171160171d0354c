import type { FileReader } from '../../disk/file-reader.ts';
import { fromDirectories, holdsFiles } from './detect-directories.ts';
import { layoutOfUnit, productUnits, surestUnits, type ProductUnit } from './find-units.ts';
import type { LayoutHints } from '../layout.ts';
import { type KnownLayout, knownLayouts, knownUnits, layoutNames, unitName } from '../names.ts';
import { realUnitName } from '../../systemd/unit-file.ts';

export type Detection =
  | { readonly ok: true; readonly layout: KnownLayout; readonly unit: string; readonly evidence: readonly string[] }
  | { readonly ok: false; readonly problem: string; readonly hint: string; readonly evidence: readonly string[] };

const chooseByHand = `Name the unit with --unit or unit: in /etc/certmend/config.yaml, or set layout: there to one of ${layoutNames.join(', ')}.`;

/**
 * Finds out which product runs on the node, in which role and under which unit: from certmend's own configuration, from
 * the unit that is about to start, else from the active, enabled and installed units that run a product, else from
 * directories, which are weak evidence. What does not decide is refused, never guessed.
 * @param dataDirOf data directory as the configuration of a unit has it, for the directory evidence
 */
export function detect(
  hints: LayoutHints,
  reader: FileReader,
  dataDirOf: (layout: KnownLayout, unit: string) => string,
): Detection {
  const evidence: string[] = [];
  const named = namedUnit(hints, reader, evidence);
  if (hints.layout !== undefined) {
    const forced = knownLayouts.find((layout) => layout.name === hints.layout);
    if (forced === undefined) {
      const problem = `unknown layout ${hints.layout}`;
      return { ok: false, problem, hint: `Known layouts: ${layoutNames.join(', ')}.`, evidence };
    }
    evidence.push(`layout ${forced.name}: set in certmend's configuration`);
    if (named !== undefined) return { ok: true, layout: forced, unit: named, evidence };
    const units = productUnits(reader);
    const ofRole = units.filter(({ layout }) => layout === forced);
    return unitOf(
      forced,
      ofRole.length > 0 ? ofRole : units.filter(({ layout }) => layout.product === forced.product),
      reader,
      evidence,
    );
  }
  if (named !== undefined) {
    const layout = layoutOfUnit(named, reader);
    if (layout !== undefined) return { ok: true, layout, unit: named, evidence };
    const problem = `${named} is not a unit that certmend has a layout for: its ExecStart does not run rke2 or k3s as server or agent`;
    const hint = `Known units: ${knownUnits.join(', ')}, and every unit whose ExecStart runs the program itself. Where a script starts it, set layout: and unit: in /etc/certmend/config.yaml.`;
    return { ok: false, problem, hint, evidence };
  }

  const units = productUnits(reader);
  const { word, units: sure } = surestUnits(units, reader);
  for (const { unit } of sure) evidence.push(`${unit} is ${word}`);
  const [only, second] = sure;
  if (only !== undefined && second === undefined) {
    const elsewhere = word === 'active' ? undefined : dataOfAnother(only, units, reader, dataDirOf);
    if (elsewhere === undefined) return { ok: true, ...only, evidence };
    const problem = `${only.unit} is ${word} and has no data in ${dataDirOf(only.layout, only.unit)}, while ${elsewhere} has the files of a node but no enabled unit`;
    return { ok: false, problem, hint: `${chooseByHand} If that directory is a leftover, remove it.`, evidence };
  }
  // The RKE2 archive always installs both units, so two installed ones say nothing about the role.
  if (second !== undefined && word !== 'installed')
    return { ok: false, problem: `${namesOf(sure)} are both ${word}`, hint: chooseByHand, evidence };
  const found = fromDirectories(reader, dataDirOf, units, evidence);
  if (!found.ok) return { ...found, hint: `${chooseByHand}${found.hint}`, evidence };
  return unitOf(found.layout, found.units, reader, evidence);
}

/** The unit of the command line, else of certmend's own configuration, by the name that systemd knows it by. */
function namedUnit(hints: LayoutHints, reader: FileReader, evidence: string[]): string | undefined {
  const text = hints.unit ?? hints.configuredUnit;
  if (text === undefined) return undefined;
  const name = realUnitName(unitName(text), reader);
  evidence.push(
    hints.unit === undefined
      ? `unit ${name}: set in certmend's configuration`
      : `unit ${name}: named on the command line`,
  );
  return name;
}

/** The one unit of a layout that is known already; the usual one when no unit was found at all. */
function unitOf(
  layout: KnownLayout,
  units: readonly ProductUnit[],
  reader: FileReader,
  evidence: readonly string[],
): Detection {
  const { word, units: sure } = surestUnits(units, reader);
  const [only, second] = sure;
  const usual = sure.find(({ unit }) => unit === layout.unit);
  if (second === undefined) return { ok: true, layout, unit: only?.unit ?? layout.unit, evidence };
  if (usual !== undefined && word === 'installed') return { ok: true, layout, unit: usual.unit, evidence };
  return { ok: false, problem: `${namesOf(sure)} are both ${word}`, hint: chooseByHand, evidence };
}

/**
 * A node whose unit has no data may be new, or the unit that runs it was renamed, or belongs to the other product: where
 * another product has data and no unit that is enabled, nobody can tell whose certificates are to be healed.
 */
function dataOfAnother(
  { layout, unit }: ProductUnit,
  units: readonly ProductUnit[],
  reader: FileReader,
  dataDirOf: (layout: KnownLayout, unit: string) => string,
): string | undefined {
  if (holdsFiles(dataDirOf(layout, unit), reader)) return undefined;
  return (
    knownLayouts
      .filter(({ product, role }) => product !== layout.product && role === 'server')
      // One that is enabled too would not have come here: an installed unit that nobody enabled is as good as none.
      .map((other) => dataDirOf(other, units.find(({ layout: { name } }) => name === other.name)?.unit ?? other.unit))
      .find((directory) => holdsFiles(directory, reader))
  );
}

function namesOf(units: readonly ProductUnit[]): string {
  return units.map(({ unit }) => unit).join(' and ');
}
