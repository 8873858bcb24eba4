/**
 * The ways into a meter's account: its first purchase opens it (070101FF), which takes the counts 0 and 1 alone, binds the customer number,
 * and moves money only from 0 to 1. And the count that somebody else uses between our look and our frame.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Thing } from "../../src/demo/desk.ts";
import { Instant, ShiftableClock } from "../../src/kernel/clock.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";

const clock = new ShiftableClock(Instant(Date.UTC(2026, 10, 23, 1, 0)));
let house: TestHouse;
const LIMIT_MS = 30_000;
const address = (n: number): string => `2026112206${String(n).padStart(2, "0")}`;
const [lostReply, lostRequest, opened, counted, overtaken, outrun, repeated] = [1, 2, 3, 4, 5, 6, 7].map(address) as [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
];
const OPENS = { function: "03", di: "070101FF" };

beforeAll(async () => {
  house = await raiseTestHouse({
    clock,
    start: clock.now(),
    meters: [lostReply, lostRequest, opened, counted, overtaken, outrun, repeated].map((one) => ({
      address: one,
      model: "standard-wallet" as const,
      balance: "10.00",
      loadKw: 0,
      customerNumber: one === repeated ? `00${one.slice(2)}` : "000000000000",
      opened: one === repeated,
    })),
  });
  await house.gateway.pollAll(); // the books have seen that these accounts are not opened yet
});
afterAll(() => house.close());

const ended = (command: string): Promise<Thing> =>
  house.desk.until(`command ${command} to end`, LIMIT_MS, async () => {
    const found = await house.desk.get(`/v1/commands/${command}`);
    return found["endedAt"] === null ? null : found;
  });
const paid = async (meter: string, amount = "80.00"): Promise<Thing> =>
  ended((await house.desk.pay(accountOf(meter), amount)).command!);
const account = (meter: string): Promise<Thing> => house.desk.get(`/v1/accounts/${accountOf(meter)}`);
const heardBy = (meter: string, di: string): number => {
  const wire = Array.from(Buffer.from(di, "hex").reverse(), (byte) => ((byte + 0x33) & 0xff).toString(16).padStart(2, "0"));
  const bytes = wire.join("").toUpperCase();
  return house.street
    .frames(meter)
    .filter(({ direction, hex }) => direction === "request" && hex.replaceAll(" ", "").includes(bytes)).length;
};

describe("an account that is opened by its first purchase", () => {
  test("is open and credited once, and carries the customer, although the answer is lost", async () => {
    house.street.setFault(lostReply, { kind: "lost-reply", ...OPENS });
    expect(await paid(lostReply)).toMatchObject({ kind: "open-account", state: "confirmed", proof: { acknowledged: null } });
    expect(house.street.snapshot(lostReply)).toMatchObject({
      balance: "90.00",
      purchaseCount: 1,
      opened: true,
      customerNumber: `00${lostReply.slice(2)}`,
      obeyed: { openAccounts: 1 },
    });
    expect(await paid(lostReply, "20.00")).toMatchObject({ state: "confirmed" });
    expect(house.street.snapshot(lostReply)).toMatchObject({ balance: "110.00", purchaseCount: 2, obeyed: { openAccounts: 1 } });
  });

  test("is asked to open again with the same count when it never heard of it", async () => {
    house.street.setFault(lostRequest, { kind: "lost-request", ...OPENS });
    const end = await paid(lostRequest);
    expect(end["state"]).toBe("confirmed");
    expect(end["attempts"]).toHaveLength(2);
    expect(house.street.snapshot(lostRequest)).toMatchObject({ balance: "90.00", purchaseCount: 1, opened: true });
  });

  test("is topped up instead where somebody opened it since the books were written", async () => {
    house.street.patch(opened, { opened: true, customerNumber: `00${opened.slice(2)}` });
    expect(await paid(opened)).toMatchObject({ kind: "open-account", state: "confirmed" });
    expect([heardBy(opened, "070101FF"), heardBy(opened, "070102FF")]).toEqual([0, 1]);
    expect(house.street.snapshot(opened)).toMatchObject({ balance: "90.00", purchaseCount: 1 });
  });

  test("is not opened where it has counted purchases already: nothing is sent, and the money is free", async () => {
    house.street.patch(counted, { purchaseCount: 1 });
    expect(await paid(counted)).toMatchObject({ state: "refused", because: "purchase-count-gap", proof: { sent: null } });
    expect(await account(counted)).toMatchObject({ available: "80.00", held: "0.00" });
    expect(house.street.snapshot(counted)).toMatchObject({ balance: "10.00", opened: false });
  });

  test("is not settled by a yes that moved no money: somebody else had the count, and the customer alone was bound", async () => {
    house.street.setFault(overtaken, { kind: "count-jump", amount: "5.00", ...OPENS });
    const end = await paid(overtaken);
    expect(end).toMatchObject({ state: "disputed", because: "count-gap" });
    expect((end["proof"] as Thing)["acknowledged"]).not.toBeNull();
    expect(house.street.snapshot(overtaken)).toMatchObject({ balance: "15.00", purchaseCount: 1, opened: true });
    expect(await account(overtaken)).toMatchObject({ held: "80.00" });
  });

  test("is a person's affair where the count ran past what can open it", async () => {
    house.street.setFault(outrun, { kind: "count-jump", amount: "5.00", by: 2, ...OPENS });
    expect(await paid(outrun)).toMatchObject({ state: "disputed", because: "count-gap" });
    expect(house.street.snapshot(outrun)).toMatchObject({ balance: "15.00", purchaseCount: 2, opened: false });
    expect(await account(outrun)).toMatchObject({ held: "80.00" });
  });
});

test("a meter that knows our very first number is quarantined, and the money is held for a person", async () => {
  house.street.setFault(repeated, { kind: "count-jump", amount: "80.00", function: "03", di: "070102FF" });
  const end = await paid(repeated);
  expect(end).toMatchObject({ state: "disputed", because: "count-gap" });
  const { identity, identityNote } = await house.desk.get(`/v1/meters/${repeated}`);
  expect(identity).toBe("quarantined");
  expect(identityNote).toMatch(/repeated-top-up.*somebody else sells to it/);
  await expect(house.desk.pay(accountOf(repeated), "1.00")).rejects.toThrow("meter-quarantined");
  expect(await account(repeated)).toMatchObject({ held: "80.00" });
});
