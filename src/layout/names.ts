import { k3s } from './products/k3s.ts';
import type { ProductFacts, Role } from './products/product.ts';
import { rke2 } from './products/rke2.ts';

/** The products that are known. A new one is a value beside these, and a line here. */
const productFacts = { rke2, k3s } as const;

export type { Role };
export type Product = keyof typeof productFacts;
export type LayoutName = `${Product}-${Role}`;

export const products = Object.keys(productFacts) as readonly Product[];

export function factsOf(product: Product): ProductFacts<Product> {
  return productFacts[product];
}

export interface KnownLayout {
  readonly name: LayoutName;
  readonly product: Product;
  readonly role: Role;
  readonly unit: string;
}

/** What is known before a node is looked at: the layouts by name, with the product, role and unit each belongs to. */
export const knownLayouts: readonly KnownLayout[] = products.flatMap((product) =>
  (['server', 'agent'] as const).map((role): KnownLayout => ({
    name: `${product}-${role}`,
    product,
    role,
    unit: productFacts[product].units[role],
  })),
);

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
