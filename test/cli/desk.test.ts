/** `meterctl exceptions`, `reconcile`, `statement` and `channel-file`: what a money desk does at a terminal, with exit codes for scripts. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dayOf, systemClock } from "../../src/kernel/clock.ts";
import { itemsOf, ask, type Thing } from "../api/door.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { meterctl, type Said } from "./terminal.ts";

const METER = "202611220391";
const TEST_KEYS = "202611220392"; // carries test keys: it may not take money
const LEDGER = "202611220393"; // its account is in the ledger

let house: TestHouse;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "desk-"));
  house = await raiseTestHouse({
    meters: [
      { address: METER, balance: "50.00", loadKw: 0 },
      { address: TEST_KEYS, keyState: "test" },
      { address: LEDGER, model: "remote-ledger", mode: "remote", loadKw: 0 },
    ],
  });
  house.street.pauseHouseholds();
});
afterAll(async () => {
  await house.close();
  rmSync(folder, { recursive: true, force: true });
});

const call = (...args: string[]): Promise<Said> => meterctl(args, { GATEWAY_URL: house.gateway.url });

test("exceptions are listed, shown with their next step in both languages, handed over and closed with a note", async () => {
  expect(await call("exceptions")).toMatchObject({ code: 0, out: "Nothing waits for a person." });
  await call("pay", accountOf(TEST_KEYS), "10.00", "--watch");
  const list = await call("exceptions", "--meter", TEST_KEYS);
  expect(list.out).toMatch(/command-refused.*money-desk.*key-state/);
  const id = list.out.split(" ")[0]!;
  const shown = await call("exceptions", id);
  expect(shown.out).toMatch(/next step.*test keys.*测试密钥/);
  expect((await call("exceptions", id, "--close")).code).toBe(2); // without a note
  expect((await call("exceptions", id, "--assign", "Wang", "--note", "has the keys")).out).toMatch(/assigned by loopback/);
  expect((await call("exceptions", id, "--close", "--note", "money given back")).out).toMatch(
    /closed by loopback.*money given back/,
  );
  expect((await call("exceptions", id, "--close", "--note", "money given back")).code).toBe(1);
  expect((await call("exceptions")).out).toBe("Nothing waits for a person.");
});

test("a comparison ends with 1 when ledger and meter differ, and names figures and exception", async () => {
  await call("pay", accountOf(METER), "10.00", "--order", "d-1", "--watch");
  expect((await call("reconcile", METER)).code).toBe(0);
  house.street.patch(METER, { balance: "60.01" });
  const said = await call("reconcile", METER);
  expect(said.code).toBe(1);
  const [item] = itemsOf(await ask(house.gateway.url, "GET", `/v1/exceptions?meter=${METER}`));
  expect(said.out).toMatch(/balance: 60\.01 instead of 60\.00 \(0\.01 yuan\)/);
  expect(said.out).toContain(String(item!["id"]));
});

test("a statement is printed for people, as JSON and as CSV", async () => {
  expect((await call("statement", accountOf(METER))).out).toMatch(
    /opening {2}0\.00 available[^]*payment[^]*closing {2}0\.00 available/,
  );
  expect((JSON.parse((await call("statement", accountOf(METER), "--json")).out) as Thing)["closing"]).toEqual({
    available: "0.00",
    held: "0.00",
  });
  expect((await call("statement", accountOf(METER), "--csv")).out.split("\r\n")).toHaveLength(6);
});

test("a bill is printed for people, as JSON and as CSV", async () => {
  const account = accountOf(LEDGER);
  expect((await call("bill", account)).out).toMatch(/yuan · 元\n(?:.*暂计\n)?total 合计 +0\.00 +0\.00/);
  const bill = JSON.parse((await call("bill", account, "--from", "2026-01-01", "--to", "2026-01-31", "--json")).out) as Thing;
  expect(bill).toMatchObject({ account, from: "2026-01-01", days: [], totals: { energy: "0.00", amount: "0.00" } });
  expect((await call("bill", account, "--csv")).out.split("\r\n")[0]).toMatch(/^day,kWh,rate1,cost/);
});

test("where the wallet in the meter deducts, there is no bill of 0.00: that is said, as one sentence", async () => {
  for (const more of [[], ["--csv"], ["--json"]]) {
    const said = await call("bill", accountOf(METER), ...more);
    expect(said).toMatchObject({ code: 1, out: "" });
    expect(said.error).toMatch(/^wrong-mode.*the wallet in the meter deducts by itself/);
  }
});

test("what only the gateway can see to be malformed ends with 2, and says what is allowed", async () => {
  for (const [args, says] of [
    [["bill", accountOf(LEDGER), "--from", "x"], /a day like/],
    [["collection", "--day", "2026-02-30"], /a day like/],
    [["entry", LEDGER, "foo", "--reason", "seen at the display"], /accept/],
    [["entry", LEDGER, "estimate", "--days", "x", "--reason", "seen at the display"], /days/],
    [["tariff", "push", "flat", "x"], /from/],
    [["exempt", accountOf(LEDGER), "--kind", "medical", "--until", "never", "--reason", "a concentrator"], /2026-12-01/],
    [["exempt", accountOf(LEDGER), "--kind", "medical", "--until", "2026-12-01", "--reason", " "], /say why/],
  ] as const) {
    const said = await call(...args);
    expect({ args, code: said.code }).toEqual({ args, code: 2 });
    expect(said.error).toMatch(says);
  }
});

test("a channel's file ends with 1 when it differs from our payments", async () => {
  const file = join(folder, "channel.csv");
  const day = dayOf(systemClock.now(), "Asia/Shanghai");
  writeFileSync(file, "orderId,amount,time\nd-1,10.00,10:00\n");
  const others = await call("channel-file", "meterctl", file, "--day", day);
  expect(others.out).toMatch(/1 of 1 rows agree/);
  writeFileSync(file, "orderId,amount,time\nd-1,10.00,10:00\nd-2,1.00,10:00\n");
  const said = await call("channel-file", "meterctl", file, "--day", day);
  expect(said).toMatchObject({ code: 1 });
  expect(said.out).toMatch(/missing here +d-2 +1\.00/);
  expect((await call("channel-file", "meterctl", join(folder, "none.csv"), "--day", day)).code).toBe(2);
});
