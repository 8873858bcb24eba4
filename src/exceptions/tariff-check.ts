/**
 * Is the tariff that runs in a meter the one of the site file? Asked every night of each meter that deducts by itself, whatever its
 * balance says: a home that uses little shows a stale price by no amount that anybody could tell.
 *
 *     runs as it should                                          an open item is closed: the meter shows it
 *     runs otherwise                                             stale-tariff: with what it has and what it should have
 *     … and a push of just this tariff should have switched      tariff-not-switched
 *     … or will switch to something that the site file lacks     stale-tariff, because a switch is pending
 *
 * The next step is a push; nobody is asked before a price is changed in a meter, so nothing is pushed by itself.
 */
import { isFault } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import type { Transaction, Transactor } from "../kernel/transaction.ts";
import type { CommandStore } from "../commands/command-store.ts";
import type { Command } from "../commands/command.ts";
import { meterModels } from "../devices/meter-models.ts";
import type { MeterSession } from "../devices/meter.ts";
import { pendingIn, type ByteDifference } from "../devices/meter-tariff/difference.ts";
import { orderOf, orderOn, type TariffOrder } from "../devices/meter-tariff/order.ts";
import { sayBytes } from "../devices/meter-tariff/said.ts";
import { runsOtherwise } from "../devices/meter-tariff/wanted.ts";
import type { Tariff } from "../tariff/tariff.ts";
import type { MeterToCompare } from "./comparison-store.ts";
import type { Exceptions } from "./exceptions.ts";
import type { ExceptionStore } from "./exception-store.ts";
import { GATEWAY, keyOf, nobody, type Draft } from "./item.ts";

export interface TariffCheckParts {
  readonly commands: Pick<CommandStore, "list">;
  readonly exceptions: Exceptions;
  readonly items: ExceptionStore;
  readonly transactor: Transactor;
  readonly log: Logger;
}

export interface TariffSight {
  readonly order: TariffOrder;
  readonly differs: readonly ByteDifference[];
  /** YYMMDDhhmm of a switch to come that no version of the site file begins with; null: none. */
  readonly strange: string | null;
  /** The meter's clock. */
  readonly shown: string;
}

/** Null: this model keeps no tariff that we could read, or no clock to hold it against. */
export async function sightOfTariff(session: MeterSession, tariff: Tariff): Promise<TariffSight | null> {
  const { meter } = session;
  const model = meterModels[meter.model];
  if (!model.keys || model.money.unit !== "yuan") return null;
  const picture = await session.readTariff("running");
  const { shown } = picture;
  if (shown === null) return null;
  const order = orderOn(tariff, `20${shown.slice(0, 2)}-${shown.slice(2, 4)}-${shown.slice(4, 6)}`);
  const pending = Object.values(pendingIn(picture, shown));
  const known = new Set(tariff.versions.map((version) => `${orderOf(tariff, version).from.slice(2).replaceAll("-", "")}0000`));
  // A version that has begun already is pushed to the next midnight.
  const strange = pending.find((at) => !known.has(at)) ?? null;
  try {
    const differs = runsOtherwise(picture, order, { meter: meter.address, model: meter.model });
    return { order, differs, strange: differs.length === 0 ? strange : null, shown };
  } catch (error) {
    if (isFault(error, "not-supported") || isFault(error, "tariff-set-unknown")) return null;
    throw error;
  }
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
    { order, differs, strange, shown }: TariffSight,
    amount: unknown,
  ): Promise<Draft | "waits-for-its-midnight" | null> {
    if (differs.length === 0 && strange === null) return null;
    const pushed = await this.#lastPush(meter);
    const switchAt = pushed === null ? null : switchOf(pushed);
    const isOurs = pushed !== null && (pushed.params["order"] as TariffOrder).from === order.from && switchAt !== null;
    if (isOurs && switchAt > shown) return "waits-for-its-midnight";
    const evidence = {
      tariff: order.tariff,
      from: order.from,
      should: order,
      differs: differs.map(({ item, wanted, found, at }) => ({
        item,
        has: sayBytes(item, found),
        should: sayBytes(item, wanted),
        at,
      })),
      clock: shown,
      pending: strange,
      push: pushed === null ? null : { command: pushed.id, switchAt },
      ...(amount === null ? {} : { amount }),
    };
    const because = differs.length === 0 ? "pending-differs" : isOurs ? "switch-time-passed" : "running-differs";
    const kind = because === "switch-time-passed" ? "tariff-not-switched" : "stale-tariff";
    return { ...nobody, meter, account, kind, key: keyOf.tariff(meter), because, evidence, suggestion: null };
  }

  async #lastPush(meter: MeterToCompare["meter"]): Promise<Command | null> {
    const [newest] = await this.#parts.commands.list({ meter, kind: "tariff-set", state: "confirmed", limit: 1 });
    return newest ?? null;
  }
}

/** When it was to take over; null: the meter ran it already. */
function switchOf({ receipt }: Command): string | null {
  const shown = (receipt?.["after"] ?? receipt?.["proof"]) as { readonly switchAt?: unknown } | undefined;
  return typeof shown?.switchAt === "string" ? shown.switchAt : null;
}
