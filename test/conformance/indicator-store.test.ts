/** What indicators rest on is the same in memory and on PostgreSQL, row by row; and rows counted together are the rows, counted. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hours, Instant, later, minutes, systemClock } from "../../src/kernel/clock.ts";
import { Fen } from "../../src/kernel/money.ts";
import { CommandId } from "../../src/kernel/ids.ts";
import { inOrder, rowOf } from "../../src/indicators/cells.ts";
import { cutRow, falseBecause } from "../../src/indicators/false-cuts.ts";
import type { IndicatorStore, PlainSheet, Span } from "../../src/indicators/indicator-store.ts";
import { sheetNames, sheetOf } from "../../src/indicators/sheets.ts";
import { daysOf } from "../../src/indicators/span.ts";
import { book } from "../../src/ledger/ledger.ts";
import { resolve } from "../../src/policy/resolve.ts";
import { aCommand } from "../support/a-command.ts";
import { accountAt, accounts, FIRST, keep, METERS, records, someBooks, ZONE, type SomeBooks } from "../indicators/books.ts";
import { keepers, type Kept } from "./stores.ts";

const nothingBeside = { incident: "", said: [] };

const plain = sheetNames.filter((name): name is PlainSheet => name !== "rule-cuts");
const span = daysOf("2026-11-20", "2026-11-22", Instant(Date.parse("2026-11-22T15:00:00+08:00")), ZONE);
const RUNS = 5;
const LONG_MS = 120_000;

let both: readonly Kept[];
beforeAll(async () => {
  both = await Promise.all(keepers.map(({ open }) => open(systemClock)));
});
afterAll(() => Promise.all(both.map((kept) => kept.close())));

async function keepInBoth(books: SomeBooks): Promise<void> {
  for (const kept of both) {
    await kept.clear();
    await kept.meters.bringIn(accounts, records);
    await keep(kept, books);
  }
}

const rowsIn = async (store: IndicatorStore, sheet: PlainSheet, of: Span) =>
  inOrder((await store.rows(sheet, of)).map((row) => rowOf(sheet, row, ZONE)));

async function countedIn(store: IndicatorStore, sheet: PlainSheet): Promise<Readonly<Record<string, number>>> {
  const counted: Record<string, number> = {};
  for (const { row, n } of await store.counted(sheet, span)) counted[JSON.stringify(rowOf(sheet, row, ZONE))] = n;
  return counted;
}

test(
  "the same books give the same rows, and their counts, whoever keeps them",
  async () => {
    await fc.assert(
      fc.asyncProperty(someBooks, async (books) => {
        await keepInBoth(books);
        const [memory, postgres] = both.map((kept) => kept.indicators) as [IndicatorStore, IndicatorStore];
        for (const sheet of plain) {
          const rows = await rowsIn(postgres, sheet, span);
          expect({ sheet, rows: await rowsIn(memory, sheet, span) }).toEqual({ sheet, rows });
          const { folds } = sheetOf(sheet);
          if (folds === undefined) continue;
          const again: Record<string, number> = {};
          for (const row of rows) {
            const names = Object.keys(row).filter((name) => folds.includes(name));
            const key = JSON.stringify(Object.fromEntries(names.map((name) => [name, row[name]])));
            again[key] = (again[key] ?? 0) + 1;
          }
          expect(await countedIn(postgres, sheet)).toEqual(again);
          expect(await countedIn(memory, sheet)).toEqual(again);
        }
        const cuts = await Promise.all([memory, postgres].map((store) => store.cuts(span)));
        const told = cuts.map((all) => inOrder(all.map((cut) => rowOf("rule-cuts", cutRow(cut, ZONE, nothingBeside), ZONE))));
        expect(told[0]).toEqual(told[1]);
      }),
      { numRuns: RUNS, seed: 3 },
    );
  },
  LONG_MS,
);

describe.each(keepers.map(({ title }, n) => ({ title, n })))("credit in doubt at the end of a day $title", ({ n }) => {
  const noon = later(FIRST, hours(12));
  const evening = later(noon, hours(8));
  const nextDay = later(noon, hours(24));
  const ofNobody = { payments: [], decisions: [], clocks: [], midnights: [], quarantined: [] };
  const daysInDoubt = async (state: "cancelled" | "refused"): Promise<readonly unknown[]> => {
    const kept = both[n]!;
    const topUp = aCommand({
      ...{ meter: METERS[0]!, account: accountAt(0), kind: "top-up", effect: "adds", params: {}, askedBy: "payment" },
      ...{ state, because: "person", createdAt: evening, sentAt: null, verifiedAt: null, endedAt: nextDay },
    });
    await kept.clear();
    await kept.meters.bringIn(accounts, records);
    await keep(kept, { ...ofNobody, commands: [{ command: topUp, attempts: [] }] });
    return (await kept.indicators.rows("unverified-at-day-end", span)).map(({ day }) => day);
  };

  test("is none of a top-up that a person took back before a byte of it left", async () => {
    expect(await daysInDoubt("cancelled")).toEqual([]);
  });

  test("is that of a top-up about which a person decided although the books say that no byte left", async () => {
    expect(await daysInDoubt("refused")).toEqual(["2026-11-20"]);
  });
});

describe.each(keepers.map(({ title }, n) => ({ title, n })))("a cut that was false $title", ({ n }) => {
  const meter = METERS[0]!;
  const account = accountAt(0);
  /** A Friday at noon. */
  const noon = later(FIRST, hours(12));
  const { strategy, origins } = resolve("residential", [{ from: "site", said: { notices: "required" } }], ZONE);
  const cut = aCommand({
    ...{ meter, account, kind: "disconnect", effect: "sets", params: {}, askedBy: "rule", state: "confirmed" },
    ...{ createdAt: later(noon, -minutes(1)), sentAt: noon, verifiedAt: later(noon, 900), endedAt: later(noon, 900) },
  });

  /** Cut at noon with a good notice and debts; then what `more` adds to the books. */
  async function reasonsWith(more: (kept: Kept) => Promise<unknown>, at: Instant = noon): Promise<readonly string[]> {
    const kept = both[n]!;
    const moved = { ...cut, id: CommandId(cut.id), sentAt: at };
    await kept.clear();
    await kept.meters.bringIn(accounts, records);
    await keep(kept, {
      commands: [{ command: moved, attempts: [] }],
      payments: [],
      decisions: [],
      clocks: [],
      midnights: [],
      quarantined: [],
    });
    await kept.policy.keepStrategies([
      { scope: "class residential", version: strategy.version, rules: origins, at: FIRST, who: "site file" },
    ]);
    const decided = { stage: "cut-due", want: "disconnected", because: "credit-exhausted", strategy: strategy.version } as const;
    const standing = { ...decided, since: FIRST, arrearsSince: FIRST };
    await kept.transactor.transact((tx) =>
      kept.policy.keepDecision(
        tx,
        { ...decided, meter, account, at, blocks: [], nextAt: null, shadow: false, facts: { cutBelow: "0.00" }, command: cut.id },
        standing,
      ),
    );
    await post(kept, -500n, "charge", later(noon, -hours(5)));
    await kept.addNotice({
      ...{ account, at: later(noon, -hours(3)), stage: "notice-due" as const, delivered: later(noon, -hours(3)) },
      available: Fen(-500n),
    });
    await more(kept);
    const [found] = await kept.indicators.cuts(span);
    return falseBecause(rowOf("rule-cuts", cutRow(found!, ZONE, nothingBeside), ZONE));
  }

  const post = (kept: Kept, amount: bigint, kind: "charge" | "correction", at: Instant): Promise<unknown> =>
    kept.transactor.transact((tx) =>
      kept.ledger.append(tx, {
        ...{ kind, reference: `${kind} ${String(amount)}`, closes: null, at, note: null },
        legs: [
          { book: book.available(account), amount: Fen(amount) },
          { book: "revenue", amount: Fen(-amount) },
        ],
      }),
    );
  const say = (kept: Kept, because: string, at: Instant): Promise<unknown> =>
    kept.transactor.transact((tx) =>
      kept.policy.keepDecision(
        tx,
        {
          ...{ meter, account, at, stage: "restore", want: "connected", because, blocks: [], nextAt: null },
          ...{ strategy: strategy.version, shadow: false, facts: {}, command: null },
        },
        { stage: "restore", want: "connected", because, strategy: strategy.version, since: at, arrearsSince: null },
      ),
    );

  test("is none where notice, hour and debts are right", async () => {
    expect(await reasonsWith(() => Promise.resolve())).toEqual([]);
  });

  test("is one where an entry says now that there was credit then, and none where the credit came a moment later", async () => {
    expect(await reasonsWith((kept) => post(kept, 500n, "correction", later(noon, -minutes(1))))).toEqual(["in-credit"]);
    expect(await reasonsWith((kept) => post(kept, 500n, "correction", later(noon, minutes(1))))).toEqual([]);
  });

  test("is one where an exemption held, and none where it had been taken back", async () => {
    const exempt = (endedAt: Instant | null) => async (kept: Kept) => {
      const id = "0197b0c0-0000-7000-8000-000000000001";
      const reason = { reason: "", madeBy: "", endedAt: null, endedBy: null, remindedAt: null };
      const begun = { id, account, kind: "medical" as const, from: FIRST, until: later(noon, hours(5)), ...reason };
      await kept.transactor.transact((tx) => kept.exemptions.insert(tx, begun));
      if (endedAt !== null) await kept.transactor.transact((tx) => kept.exemptions.end(tx, id, endedAt, "desk"));
    };
    expect(await reasonsWith(exempt(null))).toEqual(["exempt"]);
    expect(await reasonsWith(exempt(later(noon, -1)))).toEqual([]);
  });

  test("is one where its bytes left at night, or too soon after the notice", async () => {
    expect(await reasonsWith(() => Promise.resolve(), later(FIRST, hours(18)))).toEqual(["window"]);
    const early = later(noon, -hours(3) + minutes(29));
    expect(await reasonsWith(() => Promise.resolve(), early)).toEqual(["not-noticed"]);
  });

  test("is one where the customer had paid a little since and was not told again", async () => {
    const [paid] = fc.sample(
      someBooks.map(({ payments }) => payments).filter((all) => all.length > 0),
      { numRuns: 1, seed: 1 },
    );
    const payment = { ...paid![0]!, account, createdAt: later(noon, -hours(2)) };
    expect(await reasonsWith((kept) => kept.transactor.transact((tx) => kept.payments.insert(tx, payment)))).toEqual([
      "not-noticed",
    ]);
  });

  test("is one where the meter contradicts, or turns out to be another, before supply is back", async () => {
    expect(await reasonsWith((kept) => say(kept, "cut-contradicted", later(noon, hours(1))))).toEqual(["contradicted"]);
    expect(await reasonsWith((kept) => say(kept, "meter-quarantined", later(noon, hours(1))))).toEqual(["wrong-meter"]);
    expect(await reasonsWith((kept) => say(kept, "cut-contradicted", later(noon, -hours(1))))).toEqual([]);
  });

  test("is one where a person took the register back under it, and none where the meter was reset before that", async () => {
    const read = (kept: Kept) =>
      kept.transactor.transact((tx) =>
        kept.readings.keep(
          tx,
          { meter, item: "importedEnergy", value: "120.00", unit: "kWh", takenAt: later(noon, -minutes(5)), source: "poll" },
          null,
        ),
      );
    const enter = (kept: Kept, kind: "correct" | "rebase", register: bigint, at: Instant) =>
      kept.transactor.transact((tx) =>
        kept.validation.keepEntry(tx, {
          ...{ id: `0197b0c0-0000-7000-8000-00000000000${kind === "correct" ? 1 : 2}`, meter, kind, register, counted: register },
          ...{ takenAt: at, reason: "", by: "desk", at, basis: null },
        }),
      );
    const corrected = async (kept: Kept) => {
      await read(kept);
      await enter(kept, "correct", 11_999n, later(noon, hours(2)));
    };
    expect(await reasonsWith(corrected)).toEqual(["register-taken-back"]);
    const reset = async (kept: Kept) => {
      await enter(kept, "rebase", 0n, later(noon, hours(1)));
      await corrected(kept);
    };
    expect(await reasonsWith(reset)).toEqual([]);
  });
});
