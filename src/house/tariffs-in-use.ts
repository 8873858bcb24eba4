/**
 * The site file has to name every tariff by which a day is still being billed. Where one left the file too early, that day's energy
 * would have no price, and what a late midnight moves out of it would be given back and charged nowhere. So nothing starts, nothing is
 * written, and whoever changed the file hears what to do.
 */
import { Fault } from "../kernel/faults.ts";
import type { DailyBillingStore } from "../ledger/billing-store.ts";
import { READINGS_SETTLE_AFTER_DAYS } from "../ledger/settlement.ts";
import type { Tariffs } from "../tariff/tariff.ts";

export async function mustNameTariffsInUse(store: Pick<DailyBillingStore, "unsettledBeside">, tariffs: Tariffs): Promise<void> {
  const lost = await store.unsettledBeside([...tariffs.keys()]);
  if (lost.length === 0) return;
  throw new Fault("site-file-invalid", {
    errors: lost.map(
      ({ tariff, meters, meter, day }) =>
        `tariffs: no tariff has the id "${tariff}", by which days of ${meters} ${meters === 1 ? "meter" : "meters"} are not settled yet ` +
        `(the oldest: ${day} of meter ${meter}); put it back beside the new one, and give accounts the new one. It may go when ` +
        `these meters were read under another tariff for ${READINGS_SETTLE_AFTER_DAYS + 1} days`,
    ),
  });
}
