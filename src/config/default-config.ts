import { type Config, configOf } from './config.ts';

/** As long as the product's own (products 1.1): what a new leaf gets where neither certmend nor the product was told. */
export const usualValidityDays = 365;

/** What holds where no file says anything. */
export const defaultConfig: Config = configOf(new Map());
