/**
 * Reads meters and compares them with the ledger: every night at an hour of the site's zone, and when somebody asks. Reads
 * only, with the lowest priority, one meter of a line after the other, lines side by side; a meter that is silent or in the
 * middle of a top-up is left for the next time and named in the report.
 *
 * A difference becomes one item for its meter, with the figures and an entry that would put the books right. Where nothing
 * differs the baseline moves on; where something does it stays, until a person applies the entry or says what explains it. A night on
 * which nobody can tell moves it on as well, unless such an item is open.
 */
import type { Clock } from "../kernel/clock.ts";
import { isFault, reasonOf } from "../kernel/faults.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import { Fen, yuan } from "../kernel/money.ts";
import type { Transactor } from "../kernel/transaction.ts";
import type { Tariff, Tariffs } from "../tariff/tariff.ts";
import { Priority, type MeterSession, type Street } from "../devices/meter.ts";
import { meterModels } from "../devices/meter-models.ts";
import { compareBilled, compareWallet, suggestionFor, type Finding, type Sight } from "./compare.ts";
import { sightAsJson, type Baseline, type ComparisonStore, type MeterToCompare, type RunRecord } from "./comparison-store.ts";
import type { Exceptions } from "./exceptions.ts";
import { GATEWAY, keyOf, nobody, type Evidence, type Suggestion } from "./item.ts";
import type { ExceptionStore } from "./exception-store.ts";
import type { TariffCheck } from "./tariff-check.ts";
import { sightOfTariff, type TariffSight } from "./tariff-sight.ts";
import { deductionBetween, energyIn, lookAtWallet, midnightsOf, type WalletLook } from "./wallet-look.ts";

const NO_FEN = Fen(0n);

export interface ComparisonParts {
  readonly store: ComparisonStore;
  readonly items: ExceptionStore;
  readonly exceptions: Exceptions;
  readonly street: Street;
  readonly transactor: Transactor;
  readonly tariffs: Tariffs;
  readonly tariffCheck: TariffCheck;
  readonly timeZone: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newId: () => string;
}

type Told =
  | { readonly meter: MeterAddress; readonly result: "agrees" | "first-look" }
  | { readonly meter: MeterAddress; readonly result: "skipped"; readonly why: string }
  | {
      readonly meter: MeterAddress;
      readonly result: "differs";
      readonly exception: string;
      readonly findings: readonly Finding[];
    };

export class Comparison {
  readonly #parts: ComparisonParts;
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(parts: ComparisonParts) {
    this.#parts = parts;
  }

  /** Begins a run and answers its record at once; `done` resolves with its end. */
  async begin(
    askedBy: string,
    only: ReadonlySet<string> | null,
    withSums = only === null,
  ): Promise<{ record: RunRecord; done: Promise<RunRecord> }> {
    const { store, clock, newId } = this.#parts;
    const record: RunRecord = { id: newId(), at: clock.now(), askedBy, doneAt: null, report: null };
    await store.begin(record);
    const done = this.#run(record, only, withSums);
    const mark = done.catch(() => undefined).finally(() => this.#running.delete(mark));
    this.#running.add(mark);
    return { record, done };
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
  }

  async #run(record: RunRecord, only: ReadonlySet<string> | null, withSums: boolean): Promise<RunRecord> {
    const { store, clock, log } = this.#parts;
    const meters = (await store.meters()).filter(({ meter }) => only === null || only.has(meter));
    const told = await this.compareAll(meters);
    const sums = withSums ? await this.#sums() : { brokenSums: [] };
    const differing = told.filter((each) => each.result === "differs");
    const report = {
      meters: told.length,
      agree: told.filter(({ result }) => result === "agrees").length,
      firstLooks: told.filter(({ result }) => result === "first-look").length,
      differences: differing.map(({ meter, exception, findings }) => ({ meter, exception, findings: findings.map(plain) })),
      skipped: told.filter((each) => each.result === "skipped").map(({ meter, why }) => ({ meter, why })),
      ...sums,
    };
    const doneAt = clock.now();
    await store.finish(record.id, doneAt, report);
    log.info(
      { reconciliation: record.id, meters: report.meters, differences: differing.length, skipped: report.skipped.length },
      "ledger and meters were compared",
    );
    return { ...record, doneAt, report };
  }

  /** Lines side by side, the meters of each one after the other. */
  async compareAll(meters: readonly MeterToCompare[]): Promise<readonly Told[]> {
    const byBus = Map.groupBy(meters, ({ meter }) => this.#parts.street.meter(meter)?.bus ?? "");
    const told = await Promise.all(
      [...byBus.values()].map(async (line) => {
        const heard: Told[] = [];
        for (const meter of line) heard.push(await this.#one(meter));
        return heard;
      }),
    );
    return told.flat();
  }

  async #one(meter: MeterToCompare): Promise<Told> {
    const skipped = (why: string): Told => ({ meter: meter.meter, result: "skipped", why });
    if (this.#stop.signal.aborted) return skipped("the gateway stops");
    const record = this.#parts.street.meter(meter.meter);
    if (record === undefined || meter.account === null || meter.mode === null) return skipped("it belongs to no account");
    if (this.#parts.street.isOurs?.(meter.meter) === false) return skipped("another gateway holds its line");
    try {
      return meter.mode === "local" && meterModels[record.model].wallet ? await this.#wallet(meter) : await this.#billed(meter);
    } catch (error) {
      if (!isFault(error))
        this.#parts.log.error({ meter: meter.meter, reason: reasonOf(error) }, "a meter could not be compared");
      return skipped(isFault(error) ? error.code : reasonOf(error));
    }
  }

  async #wallet(meter: MeterToCompare): Promise<Told> {
    const { store, clock } = this.#parts;
    const tariff = this.#parts.tariffs.get(meter.tariff ?? "");
    if (tariff === undefined) return { meter: meter.meter, result: "skipped", why: "its tariff is not in the site file" };
    const booksBefore = await store.books(meter.meter);
    if (booksBefore === null) return { meter: meter.meter, result: "skipped", why: "a top-up is under way" };
    const kept = await store.baseline(meter.meter);
    const before = kept !== null && "sight" in kept ? kept.sight : await store.firstLook(meter.meter, clock.now());
    const wipedAt = await store.wipedAt(meter.meter);
    const then = before !== null && wipedAt !== null && before.meter.takenAt <= wipedAt ? null : before;
    const { sight, midnights, running } = await this.#look(meter.meter, then, tariff);
    const books = await store.books(meter.meter);
    if (books === null || books.settles !== booksBefore.settles || books.net !== booksBefore.net)
      return { meter: meter.meter, result: "skipped", why: "a top-up came in between" };
    const now: Sight = { meter: sight, books };
    if (then === null) {
      if (running !== null) await this.#parts.tariffCheck.conclude(meter, running, null);
      await this.#countFromHere(meter.meter, { sight: now });
      return { meter: meter.meter, result: "first-look" };
    }
    const deducted = deductionBetween(tariff, { then, now, midnights, timeZone: this.#parts.timeZone });
    const findings = compareWallet(then, now, deducted);
    const amount = findings.filter(({ what }) => what === "balance").map(plain)[0] ?? null;
    if (running !== null) await this.#parts.tariffCheck.conclude(meter, running, amount);
    if ("unknown" in deducted && findings.length === 0) {
      await this.#countFromHere(meter.meter, { sight: now });
      return { meter: meter.meter, result: "skipped", why: deducted.unknown };
    }
    return this.#conclude(meter, findings, {
      baseline: { sight: now },
      evidence: { then: sightAsJson(then), now: sightAsJson(now), tariff: tariff.id },
    });
  }

  async #billed(meter: MeterToCompare): Promise<Told> {
    const { store } = this.#parts;
    const kept = await store.baseline(meter.meter);
    const explained = kept !== null && "explained" in kept ? kept.explained : NO_FEN;
    const billed = await store.billed(meter.account!, meter.meter);
    const register = await this.#reading(meter.meter, (session) => session.read(["importedEnergy"], "poll"));
    const sight = { ...billed, register: energyIn(register), explained };
    return this.#conclude(meter, compareBilled(sight), {
      baseline: { explained },
      evidence: { explained: (billed.charged - billed.cost).toString(), charged: yuan(billed.charged), cost: yuan(billed.cost) },
    });
  }

  /**
   * What is missing of then will not be there tomorrow either. But where a difference waits for a person, the look before it is all that
   * tells of it: counted from here, the next night would find that all agrees, and close the item.
   */
  #countFromHere(meter: MeterAddress, baseline: Baseline): Promise<void> {
    const { store, clock, transactor, items } = this.#parts;
    return transactor.transact(async (tx) => {
      const open = await items.lockOpen(tx, keyOf.ledger(meter));
      await store.keepBaseline(tx, meter, open === null ? baseline : null, clock.now());
    });
  }

  async #conclude(
    { meter, account }: MeterToCompare,
    findings: readonly Finding[],
    { baseline, evidence }: { baseline: Baseline; evidence: Evidence },
  ): Promise<Told> {
    const { store, clock, transactor, exceptions, items, log } = this.#parts;
    const key = keyOf.ledger(meter);
    if (findings.length === 0) {
      await transactor.transact(async (tx) => {
        await store.keepBaseline(tx, meter, baseline, clock.now());
        const open = await items.lockOpen(tx, key);
        if (open !== null) await exceptions.end(tx, open, { by: GATEWAY, note: "compared again: ledger and meter agree" });
      });
      return { meter, result: "agrees" };
    }
    const suggestion: Suggestion | null = suggestionFor(findings, { meter, account });
    const item = await transactor.transact(async (tx) => {
      await store.keepBaseline(tx, meter, null, clock.now());
      return exceptions.raise(tx, {
        ...{ ...nobody, meter, account },
        kind: "ledger-difference",
        key,
        because: findings[0]!.what,
        evidence: { findings: findings.map(plain), ...evidence },
        suggestion,
      });
    });
    log.warn({ meter, account, exception: item.id, findings: findings.map(plain) }, "ledger and meter differ");
    return { meter, result: "differs", exception: item.id, findings };
  }

  /** What was found at the meters is told all the same. */
  async #sums(): Promise<{ brokenSums: readonly unknown[]; sumsNotSeen?: string }> {
    try {
      return { brokenSums: await this.#checkSums() };
    } catch (error) {
      this.#parts.log.error({ reason: reasonOf(error) }, "kept sums could not be held against their legs");
      return { brokenSums: [], sumsNotSeen: isFault(error) ? error.code : reasonOf(error) };
    }
  }

  /** One item for the books themselves: a kept sum that is not the sum of its legs is damage, and no entry mends it. */
  async #checkSums(): Promise<readonly Readonly<Record<string, string>>[]> {
    const broken = (await this.#parts.store.brokenSums()).map(({ book, kept, summed }) => ({
      book,
      kept: yuan(kept),
      summed: yuan(summed),
    }));
    if (broken.length > 0)
      await this.#parts.transactor.transact((tx) =>
        this.#parts.exceptions.raise(tx, {
          ...nobody,
          kind: "ledger-difference",
          key: keyOf.ledger("books"),
          because: "sums",
          evidence: { books: broken.slice(0, 50) },
          suggestion: null,
        }),
      );
    return broken;
  }

  async #look(meter: MeterAddress, then: Sight | null, tariff: Tariff): Promise<WalletLook> {
    const { timeZone, clock } = this.#parts;
    return this.#reading(meter, async (session) => {
      const sight = await lookAtWallet(session, {
        before: then?.meter.register ?? null,
        now: () => clock.now(),
        tariff,
        timeZone,
      });
      const midnights =
        then === null ? new Map<string, never>() : await midnightsOf(session, tariff, { then: then.meter, now: sight, timeZone });
      return { sight, midnights, running: await this.#sightOfTariff(session, tariff) };
    });
  }

  /** Money is compared whatever becomes of this: its figures are read by now. */
  async #sightOfTariff(session: MeterSession, tariff: Tariff): Promise<TariffSight | null> {
    try {
      return await sightOfTariff(session, tariff);
    } catch (error) {
      if (!isFault(error)) throw error;
      this.#parts.log.warn({ meter: session.meter.address, because: error.code }, "a meter's tariff could not be looked at");
      return null;
    }
  }

  async #reading<T>(meter: MeterAddress, read: (session: MeterSession) => Promise<T>): Promise<T> {
    const session = await this.#parts.street.session(meter, { priority: Priority.rest, signal: this.#stop.signal });
    try {
      return await read(session);
    } finally {
      await session.close();
    }
  }
}

const plain = ({ what, expected, found, difference, unit }: Finding): Readonly<Record<string, string>> => ({
  ...{ what, expected, found, difference, unit },
});
