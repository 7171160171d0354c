/** As long as the product's own (products 1.1): what a new leaf gets where neither certmend nor the product was told. */
export const usualValidityDays = 365;
