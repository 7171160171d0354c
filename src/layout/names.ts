/** What is known before a node is looked at: the layouts by name, with the product, role and unit each belongs to. */
export const knownLayouts = [
  { name: 'rke2-server', product: 'rke2', role: 'server', unit: 'rke2-server.service' },
  { name: 'rke2-agent', product: 'rke2', role: 'agent', unit: 'rke2-agent.service' },
  { name: 'k3s-server', product: 'k3s', role: 'server', unit: 'k3s.service' },
  { name: 'k3s-agent', product: 'k3s', role: 'agent', unit: 'k3s-agent.service' },
] as const;

export type KnownLayout = (typeof knownLayouts)[number];
export type LayoutName = KnownLayout['name'];
export type Product = KnownLayout['product'];
export type Role = KnownLayout['role'];

export const products: readonly Product[] = ['rke2', 'k3s'];

/** For `layout:` in the configuration, for completion and for help. */
export const layoutNames: readonly LayoutName[] = knownLayouts.map((layout) => layout.name);

/** For `--unit`, completion, and the drop-ins that the packages install. */
export const knownUnits: readonly string[] = knownLayouts.map((layout) => layout.unit);

/** `rke2-server` and `rke2-server.service` are the same unit, as for systemctl. */
export function unitName(text: string): string {
  return /\.(service|socket|target|timer|mount|path|slice|scope)$/.test(text) ? text : `${text}.service`;
}

/** The layout of a product and role. */
export function layoutOf(product: Product, role: Role): KnownLayout {
  const found = knownLayouts.find((layout) => layout.product === product && layout.role === role);
  // Unreachable: the table above has every combination.
  if (found === undefined) throw new TypeError(`no layout for ${product} ${role}`);
  return found;
}
