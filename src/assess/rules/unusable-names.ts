import { mayWrite } from '../../layout/written-files.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import type { Layout } from '../../layout/layout.ts';
import type { Finding } from '../assessment.ts';
import { listed } from '../figures.ts';
import { nameFault } from '../../x509/general-name.ts';

/**
 * Names that the product's configuration asks for and that no certificate can hold. They are told while there is time,
 * with the line they come from, and left out of what is issued: one wrong name must not keep a node from coming back.
 */
export function unusableNames({ layout }: Inventory): readonly Finding[] {
  const wanted = new Map<string, string[]>();
  for (const entry of layout.entries) {
    if (entry.kind !== 'leaf' || !mayWrite(entry)) continue;
    for (const name of entry.identity.dnsNames)
      if (nameFault(name) !== undefined) wanted.set(name, [...(wanted.get(name) ?? []), entry.id]);
  }
  return [...wanted].map(([name, ids]) => unusableName(name, ids, layout));
}

function unusableName(name: string, ids: readonly string[], layout: Layout): Finding {
  const quoted = JSON.stringify(name);
  const setting = layout.settings.find(({ value }) => value === name) ?? layout.settings.find(isPartOf(name));
  const from = setting === undefined ? '' : ` (${setting.key}, ${setting.origin})`;
  const fault = nameFault(name) ?? '';
  const form = fault.includes('ASCII') ? 'write its ASCII form (xn--…)' : 'correct it';
  return {
    code: 'SanUnusable',
    id: undefined,
    path: pathOf(setting?.origin),
    severity: 'warning',
    message:
      `the name ${quoted}${from} is not allowed in a certificate, since it ${fault}: certmend leaves it out of ` +
      `${listed(ids)}, and ${layout.product} may fail to start with it; ${form} there, or remove it`,
    evidence: { name, fault, setting: setting?.key ?? '', origin: setting?.origin ?? '', entries: ids.join(', ') },
    answer: 'operator',
  };
}

/** `kubernetes.default.svc.` and the cluster's domain make one name. */
function isPartOf(name: string): (setting: { readonly value: string }) => boolean {
  return ({ value }) => value !== '' && nameFault(value) !== undefined && name.includes(value);
}

/** The file of `/etc/rancher/rke2/config.yaml:4`; undefined for what comes from no file. */
function pathOf(origin: string | undefined): string | undefined {
  return /^(\/.*?)(:\d+)?$/.exec(origin ?? '')?.[1];
}
