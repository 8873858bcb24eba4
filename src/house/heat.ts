/** What is announced, as far as it makes a meter worth asking more often: an order that is open, a balance that runs low. */
import type { HotMeters } from "../devices/hot-meters.ts";
import type { MeterRecord, Street } from "../devices/meter.ts";
import type { Announcement } from "../kernel/events.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { AccountId } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import { parseYuan, type Fen } from "../kernel/money.ts";

export interface HeatParts {
  readonly hot: HotMeters;
  /** As they hang there now. */
  readonly metersOf: (account: AccountId) => readonly MeterRecord[];
  /** Accounts whose money is in our ledger and not in the meter. */
  readonly isRemote: (account: AccountId) => boolean;
  readonly availableOf: (account: AccountId) => Promise<Fen>;
  readonly log: Logger;
}

/** Asked with every announcement of an account, so nobody looks through all meters for it; drawn up anew when a meter came or went. */
export function metersByAccount(street: Pick<Street, "meter" | "meters">): Pick<HeatParts, "metersOf"> {
  let known = new Map<AccountId | null, readonly MeterRecord[]>();
  let count = -1;
  return {
    metersOf: (account) => {
      const all = street.meters();
      const isOld = all.length !== count || known.get(account)?.every((meter) => street.meter(meter.address) === meter) === false;
      if (isOld) known = Map.groupBy(all, (meter) => meter.account);
      count = all.length;
      return known.get(account) ?? [];
    },
  };
}

export function heatFrom({ hot, metersOf, isRemote, availableOf, log }: HeatParts): (event: Announcement) => void {
  const ofLedger = async (account: AccountId): Promise<void> => {
    const available = await availableOf(account);
    for (const meter of metersOf(account)) hot.balance(meter.address, available);
  };
  return (event) => {
    if (event.type === "command") hot.command(event.meter, event.id, event.kind, event.state);
    else if (event.type === "reading" && event.item === "balance" && event.value !== null)
      hot.balance(event.meter, parseYuan(event.value, "balance"));
    else if (event.type === "account" && isRemote(event.account))
      ofLedger(event.account).catch((error: unknown) =>
        log.debug({ account: event.account, reason: reasonOf(error) }, "its balance could not be looked up"),
      );
  };
}
