import type { FileReader } from '../disk/file-reader.ts';
import { agentEntries, supervisorOf } from './products/agent-table.ts';
import { readCommandLine } from './detect/arguments.ts';
import { conversationsOf } from './products/conversations.ts';
import { detect } from './detect/detect.ts';
import { holdsFiles } from './detect/detect-directories.ts';
import { type EffectiveConfig, readEffectiveConfig } from './effective-config.ts';
import type { HostFacts, LastKnown, LayoutAnswer, LayoutHints } from './layout.ts';
import type { Origin } from '../disk/origin.ts';
import { factsOf, type KnownLayout, layoutOf, type Product } from './names.ts';
import { readDataDir, readNodeSettings } from './node-settings.ts';
import { isSinceMay2025, readProductVersion, selfMadeCertificate } from './detect/product-release.ts';
import { protectedPaths } from './products/protected-paths.ts';
import { serverEntries } from './products/server-table.ts';
import { readUnit, type Unit } from '../systemd/unit-file.ts';

/**
 * Says what this node should have: finds product and role, reads the product's effective configuration, and fills in
 * the table. Files only (P3). Never throws for what is on the node: a node that cannot be understood, or whose
 * configuration the product itself would refuse, is an answer with `ok` false.
 * @param fallback given: a configuration that cannot be read weakens the layout instead, where the data directory is
 * known from the unit, from an earlier run or by its default
 */
export function resolveLayout(
  hints: LayoutHints,
  reader: FileReader,
  host: HostFacts,
  fallback?: { readonly lastKnown: LastKnown | undefined },
): LayoutAnswer {
  const detection = detect(hints, reader, (layout, unit) => configuredDataDir(layout, unit, hints, reader));
  if (!detection.ok) return detection;
  const evidence = [...detection.evidence];

  const unit = readUnit(detection.unit, reader, environmentFiles(detection.layout.product, detection.unit));
  if (unit.path === undefined)
    evidence.push(`no unit file for ${detection.unit}; its usual environment files are read`);
  else evidence.push(`unit file: ${[unit.path, ...unit.dropIns].join(', ')}`);
  const layout = hints.layout === undefined ? roleOf(detection.layout, unit, evidence) : detection.layout;

  const answer = readEffectiveConfig(layout.product, unit, reader);
  const config = answer.ok ? answer.config : fallback && withLastKnown(answer.rest, layout, fallback.lastKnown);
  const isFound = config !== undefined && (answer.ok || holdsFiles(readDataDir(layout, config, hints).value, reader));
  if (!answer.ok && !isFound) {
    const { problem, hint } = answer;
    return { ok: false, problem, hint: `${hint} Nothing was changed.`, evidence: [...evidence, ...answer.evidence] };
  }
  if (config === undefined) throw new TypeError('unreachable: an answer without a configuration was returned');
  evidence.push(...config.evidence);
  const node = readNodeSettings(layout, config, hints, host, reader);
  evidence.push(...node.evidence);
  for (const [id, { origin }] of node.replaced)
    evidence.push(`${id} is not the certificate in use: ${origin} names another`);

  const { name, product, role } = layout;
  const version = readProductVersion(node.dataDir, reader);
  const selfMade = role === 'server' && version === undefined ? selfMadeCertificate(node.dataDir, reader) : undefined;
  const since2025 = selfMade === undefined ? isSinceMay2025(version?.value) : false;
  if (selfMade !== undefined)
    evidence.push(`${selfMade} was made by the component itself: the rules from before May 2025 are used`);
  else if (version === undefined) evidence.push('product version not known from files: the current rules are used');
  const entries = [
    ...(role === 'server' ? serverEntries(product, node, since2025) : []),
    ...agentEntries(product, role, node),
  ].map((entry) => (node.replaced.has(entry.id) ? { ...entry, optional: true } : entry));
  const tls = `${node.dataDir}/server/tls`;
  return {
    ok: true,
    layout: {
      name,
      product,
      role,
      unit: detection.unit,
      dataDir: node.dataDir,
      nodeName: node.nodeName,
      productRenewDays: since2025 === false ? 90 : 120,
      newLeafDays: daysTold(unit),
      productVersion: version,
      entries,
      kubectl: factsOf(product).kubectl(node.dataDir),
      protectedPaths: protectedPaths(product, role, node, entries),
      scanDirectories: [
        ...(role === 'server'
          ? [tls, `${tls}/etcd`, `${tls}/kube-scheduler`, `${tls}/kube-controller-manager`, `${tls}/temporary-certs`]
          : []),
        `${node.dataDir}/agent`,
      ],
      supervisor: supervisorOf(node),
      conversations: conversationsOf(product, role, node, entries),
      evidence,
      weakened: answer.ok ? undefined : { problem: answer.problem, hint: answer.hint },
      settings: node.settings,
    },
  };
}

/** What the unit says stays; what only the unreadable file could say is as it was when it was read last. */
function withLastKnown(rest: EffectiveConfig, layout: KnownLayout, known: LastKnown | undefined): EffectiveConfig {
  if (known?.layout !== layout.name) return rest;
  const values = new Map(rest.values);
  const remember = (key: string, value: string): void => {
    if (value !== '' && !values.has(key)) values.set(key, [{ value, origin: 'last known' }]);
  };
  remember('data-dir', known.dataDir);
  remember('node-name', known.nodeName);
  return { ...rest, values };
}

/** The product reads it in the process that signs, as a whole number (products 1.1). */
function daysTold({ environment }: Unit): Origin<number> | undefined {
  const told = environment.get('CATTLE_NEW_SIGNED_CERT_EXPIRATION_DAYS');
  return told !== undefined && /^\d{1,6}$/.test(told.value)
    ? { value: Number(told.value), origin: told.origin }
    : undefined;
}

/** What the process is started as outranks what its unit is called. */
function roleOf(layout: KnownLayout, unit: Unit, evidence: string[]): KnownLayout {
  const { role } = readCommandLine(unit.command);
  if (role === undefined || role.value === layout.role) return layout;
  evidence.push(`${role.origin} starts ${layout.product} as ${role.value}`);
  return layoutOf(layout.product, role.value);
}

/** For directory evidence only: a broken configuration does not decide anything here, it is reported later. */
function configuredDataDir(layout: KnownLayout, name: string, hints: LayoutHints, reader: FileReader): string {
  const unit = readUnit(name, reader, environmentFiles(layout.product, name));
  const answer = readEffectiveConfig(layout.product, unit, reader);
  const config = answer.ok ? answer.config : { values: new Map(), evidence: [] };
  return readDataDir(layout, config, hints).value;
}

/** What the products' own units name (products 9). */
export function environmentFiles(product: Product, unit: string): readonly string[] {
  return ['/etc/default/%N', '/etc/sysconfig/%N', factsOf(product).environmentFile(unit)];
}
