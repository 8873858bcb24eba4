/**
 * A year that is being played: the drawn plan, the house, the witness, what is true of each account, and what was found wrong so far.
 * Whoever lives or works there is given this.
 */
import type { Instant } from "../../src/kernel/clock.ts";
import type { Mistake } from "../months/verdict.ts";
import { TrueAccount } from "./account.ts";
import type { YearHouse } from "./house.ts";
import type { Home, Year } from "./plan.ts";
import type { Witness } from "./witness.ts";

const MIDNIGHTS_LOOKED_AT = 3;

export interface Troubled {
  readonly from: number;
  until: number;
}

export class World {
  readonly year: Year;
  readonly house: YearHouse;
  readonly accounts: ReadonlyMap<string, TrueAccount>;
  readonly homes: ReadonlyMap<string, Home>;
  readonly mistakes: Mistake[] = [];
  readonly figures: Record<string, number> = {};
  readonly #troubled = new Map<string, Troubled[]>();
  witness!: Witness;

  constructor(year: Year, house: YearHouse) {
    this.year = year;
    this.house = house;
    this.homes = new Map(year.homes.map((home) => [home.account, home]));
    this.accounts = new Map(
      year.homes.map(({ account, address, tariff }) => [account, new TrueAccount(address, year.tariffs[tariff])]),
    );
  }

  get now(): Instant {
    return this.house.clock.now();
  }

  wait(ms: number): Promise<void> {
    return this.house.clock.wait(Math.max(0, ms));
  }

  until(at: number): Promise<void> {
    return this.wait(at - this.now);
  }

  count(name: string, by = 1): void {
    this.figures[name] = (this.figures[name] ?? 0) + by;
  }

  most(name: string, figure: number): void {
    this.figures[name] = Math.max(this.figures[name] ?? 0, Math.round(figure));
  }

  wrong(what: string, of: string, text: string): void {
    this.mistakes.push({ what, of, text: `${told(this.now)}: ${text}` });
    this.count(`wrong: ${what}`);
  }

  account(account: string): TrueAccount {
    return this.accounts.get(account)!;
  }

  /** The account at which this meter hangs now. */
  ownerOf(meter: string): Home | undefined {
    // a spare has its predecessor's account
    const first = this.#spares.get(meter) ?? this.#firsts.get(meter);
    return first !== undefined && this.account(first.account).meter === meter ? first : undefined;
  }

  get #firsts(): ReadonlyMap<string, Home> {
    return (this.#byAddress ??= new Map(this.year.homes.map((home) => [home.address, home])));
  }
  #byAddress: ReadonlyMap<string, Home> | undefined;

  get #spares(): ReadonlyMap<string, Home> {
    return (this.#bySpare ??= new Map(
      this.year.homes.flatMap((home) => (home.replaced === null ? [] : [[home.replaced.spare.address, home] as const])),
    ));
  }
  #bySpare: ReadonlyMap<string, Home> | undefined;

  /** Midnights of this account as its meter kept them, those among them that it made up when its power was back. */
  harvest(account: string): void {
    const truth = this.account(account);
    for (const [day, registers] of this.witness.midnights(truth.meter, MIDNIGHTS_LOOKED_AT)) truth.midnight(day, registers);
  }

  /** From now on; answers how to say that it is over. Of a meter, of a line, or of "post". */
  trouble(of: string): () => void {
    const one: Troubled = { from: this.now, until: Number.POSITIVE_INFINITY };
    this.#troubled.set(of, [...(this.#troubled.get(of) ?? []), one]);
    return () => void (one.until = this.now);
  }

  /** Everything that was wrong between these moments with the meter, its line, or whoever carries messages. */
  troublesOf(home: Home, from: number, until: number): readonly Troubled[] {
    const meters = this.account(home.account).meters;
    return [...meters, home.line, "post"]
      .flatMap((of) => this.#troubled.get(of) ?? [])
      .filter((one) => one.from <= until && one.until >= from);
  }

  isTroubled(home: Home): boolean {
    return this.troublesOf(home, this.now, this.now).length > 0;
  }
}

export const told = (at: number): string => new Date(at + 8 * 3_600_000).toISOString().slice(0, 16).replace("T", " ");
