/**
 * Meters that are added while the house runs: by a person, or by a table of thousands. One that is added again as it stands is known
 * already and nothing happens, so a table that broke off is simply said again. What is there and differs is never changed by adding:
 * numbers of a meter are what its identity is proved by, and an account goes from meter to meter by a replacement alone. None is added that
 * the rules could cut and not restore.
 */
import { Fault } from "../kernel/faults.ts";
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import type { Outbox } from "../kernel/events.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { MeterRecord } from "../devices/meter.ts";
import { cannotDo, type AskedOfModels } from "../devices/model-for-rules.ts";
import type { AccountBook, AccountSetting, MeterStore } from "./command-store.ts";

/** Secrets stand in the site file alone: what is added is ordered by keys, or by the password its factory sets. */
export type NewMeter = Omit<MeterRecord, "relayPassword" | "testBench">;

export interface NewMeterOrder {
  readonly meter: NewMeter;
  /** What its account is, where the account is new; an account that exists stays as it is. */
  readonly setting: Omit<AccountSetting, "account">;
  readonly by: string;
}

export interface StandingMeter extends NewMeter {
  readonly active: boolean;
  readonly replacedBy: MeterAddress | null;
}

export interface NewMeterStore {
  /** Until the transaction ends nobody else adds this meter, or one to this account: what is not there yet has no row to lock. */
  reserve(tx: Transaction, address: MeterAddress, account: AccountId | null): Promise<void>;
  /** In a transaction it is locked. */
  standing(tx: Transaction | null, address: MeterAddress): Promise<StandingMeter | null>;
  addAccount(tx: Transaction, account: AccountSetting): Promise<void>;
  /** A meter that was here once and is not any more comes back unread. */
  add(tx: Transaction, meter: NewMeter, by: string): Promise<void>;
  /** Those that stand in no site file and hang there now. */
  hanging(): Promise<readonly NewMeter[]>;
  /** As hanging, and those for which the site file had no place when the house was started last: a mended file brings them back. */
  added(): Promise<readonly NewMeter[]>;
  /** The file names these now: when it names them no more, they are gone. */
  areInFile(meters: readonly MeterAddress[]): Promise<void>;
}

/** Null: a meter that nobody has yet. */
export type RulesAsking = (account: AccountId | null, className: string) => AskedOfModels;

export interface NewMetersParts {
  readonly store: NewMeterStore;
  readonly meters: MeterStore;
  readonly outbox: Outbox;
  /** Why no meter can be added to this bus while the house runs; null: one can. */
  readonly whyNotOn: (bus: string) => string | null;
  readonly tariffs: ReadonlySet<string>;
  /** By which rules an account of this class is cut and restored. */
  readonly asks: RulesAsking;
}

export class NewMeters {
  readonly #parts: NewMetersParts;

  constructor(parts: NewMetersParts) {
    this.#parts = parts;
  }

  /** "known": it stands there as it is said. */
  async add(tx: Transaction, order: NewMeterOrder): Promise<"added" | "known"> {
    const { store, outbox } = this.#parts;
    const { meter, setting } = order;
    await store.reserve(tx, meter.address, meter.account);
    const what = await this.#look(tx, order);
    if (what === "known") return what;
    if (meter.account !== null) await store.addAccount(tx, { account: meter.account, ...setting });
    await store.add(tx, meter, order.by);
    await outbox.announce(tx, { type: "meter", address: meter.address });
    return "added";
  }

  /** What adding would answer, or be refused with; writes nothing. */
  examine(order: NewMeterOrder): Promise<"added" | "known"> {
    return this.#look(null, order);
  }

  async #look(tx: Transaction | null, { meter, setting }: NewMeterOrder): Promise<"added" | "known"> {
    const { store, whyNotOn, tariffs, asks } = this.#parts;
    const why = whyNotOn(meter.bus);
    if (why !== null) throw new Fault("unknown-bus", { field: "bus", bus: meter.bus, why });
    if (!tariffs.has(setting.tariff))
      throw new Fault("invalid-request", { field: "tariff", given: setting.tariff, allowed: [...tariffs] });
    const standing = await store.standing(tx, meter.address);
    if (standing !== null && standing.replacedBy !== null)
      throw new Fault("meter-replaced", { meter: meter.address, by: standing.replacedBy });
    if (standing?.active === true) {
      for (const field of ["meterNumber", "customerNumber", "account", "bus", "model"] as const)
        if (standing[field] !== meter[field])
          throw new Fault("meter-differs", { meter: meter.address, field, stands: standing[field], given: meter[field] });
      return "known";
    }
    const book = meter.account === null ? null : await this.#refuseTaken(tx, meter.account, setting);
    const { class: name, mode } = book ?? setting;
    const [what] = cannotDo(meter.model, meter.account === null ? null : mode, asks(meter.account, name));
    if (what !== undefined) throw new Fault("invalid-request", { field: "model", given: meter.model, problem: what });
    return "added";
  }

  /** One ledger per meter: an account that has one already is not given another. */
  async #refuseTaken(tx: Transaction | null, account: AccountId, setting: NewMeterOrder["setting"]): Promise<AccountBook | null> {
    const book = await this.#parts.meters.account(tx, account);
    if (book === null) return null;
    if (book.meter !== null) throw new Fault("account-has-meter", { field: "account", account, meter: book.meter });
    if (book.mode !== setting.mode)
      throw new Fault("meter-differs", { field: "mode", account, stands: book.mode, given: setting.mode });
    return book;
  }
}
