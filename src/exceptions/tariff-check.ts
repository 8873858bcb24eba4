/**
 * Is the tariff that runs in a meter the one of the site file? Asked every night of each meter that deducts by itself, whatever its
 * balance says: a home that uses little shows a stale price by no amount that anybody could tell.
 *
 *     runs as it should                                          an open item is closed: the meter shows it
 *     runs otherwise                                             stale-tariff: with what it has and what it should have
 *     … and a push of just this tariff should have switched      tariff-not-switched
 *     … and cannot: it has no room, or another month             stale-tariff, by the name of the fault
 *     … and such a push stands whole for the midnight to come    nothing yet: it waits
 *     runs as it should, and will switch to something else       stale-tariff, because a switch is pending; a half of a switch too
 *
 * The next step is a push; nobody is asked before a price is changed in a meter, so nothing is pushed by itself.
 */
import { isDeepStrictEqual } from "node:util";
import type { Logger } from "../kernel/log.ts";
import type { Transaction, Transactor } from "../kernel/transaction.ts";
import type { CommandStore } from "../commands/command-store.ts";
import type { Command } from "../commands/command.ts";
import type { ByteDifference } from "../devices/meter-tariff/difference.ts";
import { sayBytes } from "../devices/meter-tariff/said.ts";
import type { MeterToCompare } from "./comparison-store.ts";
import type { Exceptions } from "./exceptions.ts";
import type { ExceptionStore } from "./exception-store.ts";
import { GATEWAY, keyOf, nobody, type Draft } from "./item.ts";
import type { TariffSight } from "./tariff-sight.ts";

export interface TariffCheckParts {
  readonly commands: Pick<CommandStore, "list">;
  readonly exceptions: Exceptions;
  readonly items: ExceptionStore;
  readonly transactor: Transactor;
  readonly log: Logger;
}

export class TariffCheck {
  readonly #parts: TariffCheckParts;

  constructor(parts: TariffCheckParts) {
    this.#parts = parts;
  }

  /** Raises, changes or closes the meter's one item; answers what it is called, null where all is well. */
  async conclude({ meter, account }: MeterToCompare, sight: TariffSight, amount: unknown): Promise<Draft["kind"] | null> {
    const { transactor, items, exceptions, log } = this.#parts;
    const draft = await this.#draft({ meter, account }, sight, amount);
    if (draft === "waits-for-its-midnight") return null; // an item of before stays until the meter shows it
    await transactor.transact(async (tx) => {
      const open = await items.lockOpen(tx, keyOf.tariff(meter));
      if (draft === null) {
        if (open !== null)
          await exceptions.end(tx, open, { by: GATEWAY, note: "read again: the meter runs the site file's tariff" });
        return;
      }
      await this.#raise(tx, draft);
    });
    if (draft !== null) log.warn({ meter, account, because: draft.because }, draft.kind);
    return draft?.kind ?? null;
  }

  async #raise(tx: Transaction, draft: Draft): Promise<void> {
    const { items, exceptions } = this.#parts;
    const open = await items.lockOpen(tx, draft.key);
    if (open !== null && open.kind !== draft.kind) await exceptions.become(tx, open, draft);
    else await exceptions.raise(tx, draft);
  }

  async #draft(
    { meter, account }: Pick<MeterToCompare, "meter" | "account">,
    { order, differs, cannot, strange, right, shown }: TariffSight,
    amount: unknown,
  ): Promise<Draft | "waits-for-its-midnight" | null> {
    const runsRight = differs.length === 0 && cannot === null;
    if (runsRight && strange === null) return null;
    const pushed = await this.#lastPush(meter);
    const switchAt = pushed === null ? null : switchOf(pushed);
    // The whole of it: the site file may have been corrected since, under the same day.
    const isOurs = pushed !== null && switchAt !== null && isDeepStrictEqual(pushed.params["order"], order);
    if (isOurs && !runsRight && right.includes(switchAt)) return "waits-for-its-midnight";
    const evidence = {
      tariff: order.tariff,
      from: order.from,
      should: order,
      differs: differs.map(inWords),
      ...(cannot === null ? {} : { cannot: { code: cannot.code, ...cannot.context } }),
      clock: shown,
      pending: runsRight && strange !== null ? strange.at : null,
      ...(runsRight && strange !== null ? { pendingDiffers: strange.differs.map(inWords) } : {}),
      push: pushed === null ? null : { command: pushed.id, switchAt },
      ...(amount === null ? {} : { amount }),
    };
    const hasFailed = isOurs && switchAt <= shown;
    const because = runsRight
      ? "pending-differs"
      : cannot !== null
        ? cannot.code
        : hasFailed
          ? "switch-time-passed"
          : "running-differs";
    const kind = because === "switch-time-passed" ? "tariff-not-switched" : "stale-tariff";
    return { ...nobody, meter, account, kind, key: keyOf.tariff(meter), because, evidence, suggestion: null };
  }

  async #lastPush(meter: MeterToCompare["meter"]): Promise<Command | null> {
    const [newest] = await this.#parts.commands.list({ meter, kind: "tariff-set", state: "confirmed", limit: 1 });
    return newest ?? null;
  }
}

const inWords = ({ item, wanted, found, at }: ByteDifference): Readonly<Record<string, unknown>> => ({
  ...{ item, has: sayBytes(item, found), should: sayBytes(item, wanted), at },
});

/** When it was to take over; null: the meter ran it already. */
function switchOf({ receipt }: Command): string | null {
  const shown = (receipt?.["after"] ?? receipt?.["proof"]) as { readonly switchAt?: unknown } | undefined;
  return typeof shown?.switchAt === "string" ? shown.switchAt : null;
}
