export interface ConfigValue {
  readonly value: string;
  /** 1-based. */
  readonly line: number;
}

/** One `key: value` of a product's config.yaml, in file order; a key may come twice, the product lets the last win. */
export interface ConfigItem {
  readonly key: string;
  readonly list: boolean;
  readonly values: readonly ConfigValue[];
  readonly line: number;
}

export type ConfigItems =
  | { readonly ok: true; readonly items: readonly ConfigItem[] }
  | { readonly ok: false; readonly problem: string; readonly line: number };
