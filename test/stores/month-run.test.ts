/** A month's statements of all accounts are what each account's own statement says, to the fen; what lies before and after the month moves nothing in it. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Instant, systemClock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { Fen } from "../../src/kernel/money.ts";
import { parseCsv } from "../../src/ledger/csv.ts";
import { monthOf, mustLeadOn, columns, type MonthRow } from "../../src/ledger/month-run.ts";
import { statementOf } from "../../src/ledger/statements.ts";
import { PostgresLedgerStore } from "../../src/stores/ledger-store.ts";
import { PostgresMeterStore } from "../../src/stores/meter-store.ts";
import { runMonth, writeMonth } from "../../src/stores/month-run.ts";
import { meterctl } from "../cli/terminal.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";

const zone = "Asia/Shanghai";
const [busy, quiet, wallet] = ["busy", "quiet", "wallet"].map((text) => AccountId(text)) as [AccountId, AccountId, AccountId];
const meter = MeterAddress("202611220001");

let books: TestDatabase;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fee-control-month-"));
  books = await testDatabase();
  const { db } = books;
  const store = new PostgresLedgerStore(db);
  const setting = { name: '=cmd, "x"', class: "residential", tariff: "flat" } as const;
  const record = {
    address: meter,
    meterNumber: "",
    customerNumber: "",
    account: busy,
    bus: BusId("b"),
    model: "remote-ledger",
    relayPassword: null,
  } as const;
  await new PostgresMeterStore(db, systemClock).bringIn(
    [
      ...[busy, quiet].map((account) => ({ ...setting, account, mode: "remote" as const })),
      { ...setting, account: wallet, mode: "local" },
    ],
    [record],
  );
  let n = 0;
  const at = async (
    moment: string,
    account: AccountId,
    kind: "payment" | "charge" | "hold" | "release",
    amount: bigint,
  ): Promise<void> => {
    const now = Instant(Date.parse(moment));
    const reference = `r-${(n += 1)}`;
    const [own, other] =
      kind === "hold" || kind === "release"
        ? [`available/${account}`, `held/${account}`]
        : [`available/${account}`, kind === "payment" ? "channel/bank" : "consumed"];
    const legs = [
      { book: own, amount: Fen(amount) },
      { book: other, amount: Fen(-amount) },
    ];
    await db.transact((tx) => store.append(tx, { kind, reference, closes: null, at: now, note: null, legs }));
  };
  await at("2026-10-31T23:59:59.999+08:00", busy, "payment", 10_000n);
  await at("2026-11-01T00:00:00+08:00", busy, "charge", -150n);
  await at("2026-11-30T23:59:59+08:00", busy, "charge", -151n);
  await at("2026-12-01T00:00:00+08:00", busy, "charge", -9_999n);
  await at("2026-11-05T12:00:00+08:00", wallet, "payment", 5_000n);
  await at("2026-11-05T12:00:01+08:00", wallet, "hold", -5_000n);
  await at("2026-11-06T12:00:01+08:00", wallet, "release", 2_000n);
  await at("2026-12-06T12:00:01+08:00", wallet, "release", 3_000n);
  // two stretches on one day: a tenant before and after a change of meter
  for (const [day, energy, cost, stretch] of [
    ["2026-10-31", 1, 1, 0],
    ["2026-11-01", 300, 100, 0],
    ["2026-11-01", 100, 50, 1],
    ["2026-11-30", 401, 151, 0],
    ["2026-12-01", 9, 9, 0],
  ] as const)
    await db.run(
      null,
      `INSERT INTO billing_days (account, meter, day, energy, cost, stretch, start_by, end_by, settled_by) VALUES ($1, $2, $3, $4, $5, $6, 'midnight', 'midnight', 'midnights')`,
      [busy, meter, day, energy, cost, stretch],
    );
});
afterAll(async () => {
  await books.drop();
  rmSync(folder, { recursive: true });
});

test("every row opens, moves and closes as the account's own statement does", async () => {
  const rows: MonthRow[] = [];
  await runMonth(books.db, { month: "2026-11", timeZone: zone }, (some) => Promise.resolve(void rows.push(...some)));
  expect(rows.map(({ account }) => account)).toEqual([busy, quiet, wallet]);
  const store = new PostgresLedgerStore(books.db);
  for (const row of rows) {
    const account = AccountId(row.account);
    const own = statementOf(account, monthOf("2026-11", zone), (await store.period(account, monthOf("2026-11", zone), 100))!);
    expect([row.opening, row.openingHeld, row.closing, row.closingHeld, row.entries]).toEqual([
      own.opening.available,
      own.opening.held,
      own.closing.available,
      own.closing.held,
      own.lines.length,
    ]);
    for (const { kind, available } of own.sums.filter(({ kind }) => kind === "payment" || kind === "charge"))
      expect(row.moved[kind === "payment" ? "payments" : "charges"]).toBe(available);
  }
  expect(rows[0]).toMatchObject({ opening: 10_000n, closing: 9_699n, days: 2, energy: 801n, cost: 301n });
  expect(rows[2]).toMatchObject({
    opening: 0n,
    closing: 2_000n,
    closingHeld: 3_000n,
    moved: { payments: 5_000n, toMeter: -3_000n },
  });
});

test("a row that does not lead from its opening to its closing is no statement", () => {
  const moved = Object.fromEntries(columns.map((column) => [column, Fen(1n)])) as MonthRow["moved"];
  const row = { account: "x", opening: Fen(10n), closing: Fen(18n), moved } as MonthRow;
  expect(() => mustLeadOn(row)).not.toThrow();
  expect(() => mustLeadOn({ ...row, closing: Fen(17n) })).toThrow(/statement of x opens with 10, moves to 18 and closes with 17/);
});

test("a month is of the site's zone, and one that is none is refused", () => {
  expect(monthOf("2026-12", zone)).toEqual({
    from: Date.parse("2026-12-01T00:00:00+08:00"),
    to: Date.parse("2027-01-01T00:00:00+08:00"),
  });
  expect(monthOf("2026-02", "UTC").to).toBe(Date.parse("2026-03-01T00:00:00Z"));
  for (const wrong of ["2026-13", "2026-00", "2026", "2026-1", "2026-11-01", ""])
    expect(() => monthOf(wrong, zone)).toThrow(/period-malformed/);
});

test("the file is written once, in cells that no spreadsheet takes for a formula", async () => {
  const file = join(folder, "2026-11.csv");
  const args = ["statements", "--month", "2026-11", "--out", file, "--database", books.connectionString];
  const said = await meterctl([...args, "--json"]);
  expect(said).toMatchObject({ code: 0, error: "" });
  expect(JSON.parse(said.out)).toMatchObject({
    month: "2026-11",
    accounts: 3,
    entries: 5,
    opening: "100.00",
    closing: "116.99",
    kWh: "8.01",
    cost: "3.01",
  });
  const [head, first] = parseCsv(readFileSync(file, "utf8"));
  const cells = Object.fromEntries(head!.map((name, n) => [name, first![n]]));
  expect(cells).toMatchObject({
    account: "busy",
    name: `'=cmd, "x"`,
    opening: "100.00",
    charges: "-3.01",
    closing: "96.99",
    kWh: "8.01",
    cost: "3.01",
  });
  expect(await meterctl(args)).toMatchObject({ code: 1, error: expect.stringContaining("file-exists") as string });
  expect(
    await meterctl(["statements", "--month", "2026-13", "--out", `${file}2`, "--database", books.connectionString]),
  ).toMatchObject({ code: 1, error: expect.stringContaining("period-malformed") as string });
  expect(existsSync(`${file}2`)).toBe(false);
  await expect(writeMonth(books.db, { month: "2026-11", timeZone: zone, file })).rejects.toThrow(/EEXIST/);
  expect(parseCsv(readFileSync(file, "utf8"))).toHaveLength(4); // what was there is as it was
});

test("the file has its name when all of it is written, and not before, whatever a killed run left behind", async () => {
  const file = join(folder, "whole.csv");
  const part = `${file}.part`;
  writeFileSync(part, "account,na".repeat(1_000));
  const seen: boolean[] = [];
  await writeMonth(books.db, {
    month: "2026-11",
    timeZone: zone,
    file,
    tell: () => seen.push(existsSync(file), existsSync(part)),
  });
  expect(seen).toEqual([false, true]);
  expect(existsSync(part)).toBe(false);
  expect(parseCsv(readFileSync(file, "utf8"))).toHaveLength(4);
});

test("a disk that takes less than it is given gets the rest as well", async () => {
  const file = join(folder, "short.csv");
  const some = await open(join(folder, "some"), "w");
  const handles = Object.getPrototypeOf(some) as { write: (this: FileHandle, text: string) => Promise<unknown> };
  const { write } = handles;
  handles.write = function (text) {
    return write.call(this, text.slice(0, text.length / 2));
  };
  try {
    await writeMonth(books.db, { month: "2026-11", timeZone: zone, file });
  } finally {
    handles.write = write;
    await some.close();
  }
  expect(parseCsv(readFileSync(file, "utf8"))).toHaveLength(4);
});

test("a run that fails leaves no file", async () => {
  const file = join(folder, "failed.csv");
  const tell = (): void => {
    throw new Error("the terminal went away");
  };
  await expect(writeMonth(books.db, { month: "2026-11", timeZone: zone, file, tell })).rejects.toThrow("went away");
  expect([file, `${file}.part`].filter(existsSync)).toEqual([]);
});

test("what would be thinned is told, and nothing is", async () => {
  await books.db.run(
    null,
    "INSERT INTO intents (meter, want, because, shadow, facts, at) SELECT $1, 'connected', 'why', false, '{}', now() - interval '500 days' FROM generate_series(1, 3)",
    [meter],
  );
  const said = await meterctl(["retention", "--dry-run", "--database", books.connectionString, "--json"]);
  expect(said).toMatchObject({ code: 0, error: "" });
  expect(JSON.parse(said.out)).toMatchObject([
    { kind: "readings-daily", rows: 0 },
    { kind: "readings-gone" },
    { kind: "frames" },
    { kind: "intents-changes", rows: 2 },
    { kind: "intents-gone" },
    { kind: "decisions-changes", rows: 0 },
    { kind: "decisions-gone" },
    { kind: "meter-events" },
  ]);
  expect(await books.db.rows(null, "SELECT count(*)::int AS count FROM intents")).toEqual([{ count: 3 }]);
  expect((await meterctl(["retention", "--dry-run", "--database", books.connectionString])).out).toMatch(
    /^ +2 {2}before \d{4}-\d\d-\d\d {2}what the rules wanted: only what was other/m,
  );
  expect(await meterctl(["retention", "--database", books.connectionString])).toMatchObject({ code: 2 });
});
