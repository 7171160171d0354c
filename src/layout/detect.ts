import type { FileReader } from '../disk/file-reader.ts';
import type { LayoutQuestion } from './layout.ts';
import { type KnownLayout, knownLayouts, knownUnits, layoutNames, layoutOf, products, unitName } from './names.ts';
import { findUnit } from './unit-file.ts';

export type Detection =
  | { readonly ok: true; readonly layout: KnownLayout; readonly unit: string; readonly evidence: readonly string[] }
  | { readonly ok: false; readonly problem: string; readonly hint: string; readonly evidence: readonly string[] };

const chooseByHand = `Name the unit with --unit, or set layout: in /etc/certmend/config.yaml to one of ${layoutNames.join(', ')}.`;

/**
 * Finds out which product runs on the node and in which role: from certmend's own configuration, from the unit that is
 * about to start, else from active, enabled and installed units, else from directories, which are weak evidence. What
 * does not decide is refused, never guessed.
 * @param dataDirOf data directory of a layout as its configuration has it, for the directory evidence
 */
export function detect(
  question: LayoutQuestion,
  reader: FileReader,
  dataDirOf: (layout: KnownLayout) => string,
): Detection {
  const evidence: string[] = [];
  const unit = question.unit === undefined ? undefined : unitName(question.unit);
  if (question.layout !== undefined) {
    const forced = knownLayouts.find((layout) => layout.name === question.layout);
    if (forced === undefined) {
      const problem = `there is no layout ${question.layout}`;
      return { ok: false, problem, hint: `Known layouts: ${layoutNames.join(', ')}.`, evidence };
    }
    evidence.push(`layout ${forced.name}: set in certmend's configuration`);
    return { ok: true, layout: forced, unit: unit ?? forced.unit, evidence };
  }
  if (unit !== undefined) {
    const known = knownLayouts.find((layout) => layout.unit === unit);
    if (known === undefined) {
      const problem = `${unit} is not a unit that certmend has a layout for`;
      const hint = `Known units: ${knownUnits.join(', ')}. For a unit of another name set layout: in /etc/certmend/config.yaml.`;
      return { ok: false, problem, hint, evidence };
    }
    evidence.push(`unit ${unit}: named on the command line`);
    return { ok: true, layout: known, unit, evidence };
  }

  for (const { word, find } of unitEvidence) {
    const units = knownLayouts.filter((layout) => find(layout.unit, reader));
    for (const layout of units) evidence.push(`${layout.unit} is ${word}`);
    const [only, second] = units;
    if (only !== undefined && second === undefined) return { ok: true, layout: only, unit: only.unit, evidence };
    // The RKE2 archive always installs both units, so two installed ones say nothing about the role.
    if (second !== undefined && word !== 'installed') {
      const names = units.map((layout) => layout.unit).join(' and ');
      return { ok: false, problem: `${names} are both ${word}`, hint: chooseByHand, evidence };
    }
  }
  return fromDirectories(reader, dataDirOf, evidence);
}

const unitEvidence: readonly {
  readonly word: 'active' | 'enabled' | 'installed';
  readonly find: (unit: string, reader: FileReader) => boolean;
}[] = [
  // systemd keeps one link per active unit here; it is gone after a reboot and absent in a backup.
  { word: 'active', find: (unit, reader) => reader.stat(`/run/systemd/units/invocation:${unit}`).state === 'present' },
  { word: 'enabled', find: isEnabled },
  { word: 'installed', find: (unit, reader) => findUnit(unit, reader) !== undefined },
];

function isEnabled(unit: string, reader: FileReader): boolean {
  const directories = (reader.list('/etc/systemd/system') ?? []).filter((name) => /\.(wants|requires)$/.test(name));
  return directories.some((name) => reader.stat(`/etc/systemd/system/${name}/${unit}`).state === 'present');
}

/**
 * A server has an `agent` directory too, and a node that was a server once may still have its `server` directory: only
 * one with authorities and with a token, password file or datastore counts as a server.
 */
function fromDirectories(
  reader: FileReader,
  dataDirOf: (layout: KnownLayout) => string,
  evidence: string[],
): Detection {
  const exists = (path: string): boolean => reader.stat(path).state === 'present';
  const candidates: KnownLayout[] = [];
  for (const product of products) {
    const dataDir = dataDirOf(layoutOf(product, 'server'));
    const hasAuthorities = exists(`${dataDir}/server/tls`);
    const traces = ['token', 'cred/passwd', 'db'].filter((name) => exists(`${dataDir}/server/${name}`));
    const hasAgent = exists(`${dataDir}/agent`);
    if (hasAuthorities && (traces.length > 0 || !hasAgent)) {
      evidence.push(
        `${dataDir}/server/tls exists${traces.map((name) => `, ${name} beside it`).join('')}: weak evidence of a server`,
      );
      candidates.push(layoutOf(product, 'server'));
    } else if (hasAgent) {
      evidence.push(`${dataDir}/agent exists without a complete server directory: weak evidence of an agent`);
      candidates.push(layoutOf(product, 'agent'));
    }
  }
  // Where only one product has a unit, a directory of the other is a leftover.
  const installed = candidates.filter((layout) =>
    knownLayouts.some((known) => known.product === layout.product && findUnit(known.unit, reader) !== undefined),
  );
  const [only, second] = installed.length > 0 ? installed : candidates;
  if (only === undefined) {
    const problem = 'no RKE2 or K3s was found on this node: no unit, no data directory';
    const hint = `${chooseByHand} With a data directory of your own also set dataDir:.`;
    return { ok: false, problem, hint, evidence };
  }
  if (second !== undefined) {
    const problem = `both ${only.product} and ${second.product} have files on this node, and no unit says which one runs`;
    return { ok: false, problem, hint: chooseByHand, evidence };
  }
  return { ok: true, layout: only, unit: only.unit, evidence };
}
