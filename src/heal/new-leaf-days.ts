import { usualValidityDays } from '../config/default-config.ts';
import type { Config } from '../config/config.ts';
import type { Layout } from '../layout/layout.ts';
import { ill, well, type Examined } from './examined.ts';

/** Less is due again within weeks, and at 120 days or fewer the product makes everything anew at every start. */
const leastDays = 150;
const mostDays = 3650;

/**
 * How long a new leaf is valid, days: what certmend's configuration says, else what the product was told in its
 * environment (CATTLE_NEW_SIGNED_CERT_EXPIRATION_DAYS), else as long as the product's own.
 */
export function newLeafDays(config: Config, layout: Layout): number {
  const asked = layout.newLeafDays?.value;
  const told = asked !== undefined && asked >= leastDays && asked <= mostDays ? asked : undefined;
  return config.renewal.validityDays ?? told ?? usualValidityDays;
}

/** For `doctor`: only where the product was told something. */
export function newLeafDaysExamined(config: Config, layout: Layout): readonly Examined[] {
  const asked = layout.newLeafDays;
  if (asked === undefined) return [];
  const days = newLeafDays(config, layout);
  const set = `CATTLE_NEW_SIGNED_CERT_EXPIRATION_DAYS=${String(asked.value)} (${asked.origin})`;
  if (days === asked.value) return [well('validity', `new leaves are valid for ${String(days)} days: ${set}`)];
  if (config.renewal.validityDays !== undefined) {
    return [well('validity', `new leaves are valid for ${String(days)} days: renewal.validity goes before ${set}`)];
  }
  return [
    ill(
      'validity',
      'warning',
      `new leaves are valid for ${String(days)} days and not as ${set} says: ${String(leastDays)} to ${String(mostDays)} days can be honoured`,
      `with 120 days or fewer ${layout.product} makes every certificate anew at each start: correct the variable, or set renewal.validity`,
    ),
  ];
}
