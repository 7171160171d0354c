import type { Config } from '../config/config.ts';
import type { Layout } from '../layout/layout.ts';
import { leastDays, mostDays, newLeafDays } from '../session/new-leaf-days.ts';
import { ill, well, type Examined } from './examined.ts';

/** Only where the product was told something. */
export function newLeafDaysExamined(config: Config, layout: Layout): readonly Examined[] {
  const asked = layout.newLeafDays;
  if (asked === undefined) return [];
  const days = newLeafDays(config, layout);
  const set = `CATTLE_NEW_SIGNED_CERT_EXPIRATION_DAYS=${String(asked.value)} (${asked.origin})`;
  if (days === asked.value) return [well('validity', `new leaves are valid for ${String(days)} days: ${set}`)];
  if (config.renewal.validityDays !== undefined) {
    return [
      well('validity', `new leaves are valid for ${String(days)} days: renewal.validity takes precedence over ${set}`),
    ];
  }
  return [
    ill(
      'validity',
      'warning',
      `new leaves are valid for ${String(days)} days and not as ${set} says: ${String(leastDays)} to ${String(mostDays)} days can be honoured`,
      `with 120 days or fewer ${layout.product} recreates every certificate at each start: correct the variable, or set renewal.validity`,
    ),
  ];
}
