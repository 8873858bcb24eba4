/** Wallets that count no purchases, from the door of the gateway to the meter and back: an order number, and a token passed through. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Thing } from "../../src/demo/desk.ts";
import { Instant, ShiftableClock } from "../../src/kernel/clock.ts";
import { silentLog, type Logger } from "../../src/kernel/log.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";

const clock = new ShiftableClock(Instant(Date.UTC(2026, 10, 23, 1, 0)));
let house: TestHouse;
const LIMIT_MS = 30_000;
const address = (n: number): string => `2026112205${String(n).padStart(2, "0")}`;
const [numbered, lostReply, lostRequest, full, cut] = [1, 2, 3, 4, 5].map(address) as [string, string, string, string, string];
const [tokens, lostToken, usedToken, bare] = [11, 12, 13, 14].map(address) as [string, string, string, string];
const plain = address(21);

/** Everything anybody told the log. */
const told: string[] = [];
const keep = (fields: unknown, message: string): void => void told.push(`${message} ${JSON.stringify(fields)}`);
const log: Logger = { ...silentLog, debug: keep, info: keep, warn: keep, error: keep };

beforeAll(async () => {
  const of = (model: "order-number-4g" | "sts-token") => (one: string) => ({
    address: one,
    model,
    balance: "10.00",
    loadKw: 0,
    ...(one === full ? { hoardingLimit: "50.00" } : {}),
  });
  house = await raiseTestHouse({
    clock,
    start: clock.now(),
    log,
    meters: [
      ...[numbered, lostReply, lostRequest, full, cut].map(of("order-number-4g")),
      ...[tokens, lostToken, usedToken, bare].map(of("sts-token")),
      { address: plain, model: "standard-wallet", balance: "10.00", loadKw: 0 },
    ],
  });
});
afterAll(() => house.close());

const ended = (command: unknown): Promise<Thing> =>
  house.desk.until(`command ${String(command)} to end`, LIMIT_MS, async () => {
    const found = await house.desk.get(`/v1/commands/${String(command)}`);
    return found["endedAt"] === null ? null : found;
  });
const pay = (meter: string, amount: string, more: Thing = {}): Promise<Thing> =>
  house.desk.post("/v1/payments", { account: accountOf(meter), amount, channel: "shop", orderId: randomUUID(), ...more });
const paid = async (meter: string, amount: string, more: Thing = {}): Promise<Thing> =>
  ended(((await pay(meter, amount, more))["command"] as Thing)["id"]);
const account = (meter: string): Promise<Thing> => house.desk.get(`/v1/accounts/${accountOf(meter)}`);
const requestsTo = (meter: string, control: string): string[] =>
  house.street
    .frames(meter)
    .filter(({ direction }) => direction === "request")
    .map(({ hex }) => hex.replaceAll(" ", "").replace(/^(?:FE)+/, ""))
    .filter((hex) => hex.slice(16, 18) === control);

describe("a meter with order numbers", () => {
  test("is topped up, and its balance proves it", async () => {
    expect(await paid(numbered, "100.00")).toMatchObject({ kind: "top-up", state: "confirmed", receipt: { attempts: 1 } });
    expect(house.street.snapshot(numbered)).toMatchObject({ balance: "110.00", obeyed: { topUps: 1 } });
    expect(await account(numbered)).toMatchObject({ available: "0.00", held: "0.00" });
  });

  test("is topped up once, although the answer is lost", async () => {
    house.street.setFault(lostReply, { kind: "lost-reply", function: "03", di: "070102FF" });
    expect(await paid(lostReply, "100.00")).toMatchObject({ state: "confirmed", proof: { acknowledged: null } });
    expect(house.street.snapshot(lostReply)).toMatchObject({ balance: "110.00", obeyed: { topUps: 1 } });
  });

  test("is asked again under the same number when it never heard the first", async () => {
    house.street.setFault(lostRequest, { kind: "lost-request", function: "03", di: "070102FF" });
    const end = await paid(lostRequest, "100.00");
    expect(end["state"]).toBe("confirmed");
    const attempts = end["attempts"] as { readonly before: Thing }[];
    expect(attempts).toHaveLength(2);
    expect(attempts[0]!.before["orderNumber"]).toMatch(/^[0-9A-F]{16}$/);
    expect(attempts[1]!.before["orderNumber"]).toBe(attempts[0]!.before["orderNumber"]);
    expect(new Set(requestsTo(lostRequest, "03"))).toHaveProperty("size", 1);
    expect(house.street.snapshot(lostRequest)).toMatchObject({ balance: "110.00", obeyed: { topUps: 1 } });
  });

  test("that may not hold as much declines, and the money is free again", async () => {
    expect(await paid(full, "100.00")).toMatchObject({ state: "refused", because: "meter-other-error" });
    expect(house.street.snapshot(full)).toMatchObject({ balance: "10.00", obeyed: { topUps: 0 } });
    expect(await account(full)).toMatchObject({ available: "100.00", held: "0.00" });
  });

  test("is cut and restored with the second byte that it wants", async () => {
    for (const [order, relay] of [
      ["disconnect", "disconnected"],
      ["reconnect", "connected"],
    ] as const) {
      const asked = await house.desk.post(`/v1/meters/${cut}/relay`, { order, reason: "a test wants it" });
      expect(await ended((asked["command"] as Thing)["id"])).toMatchObject({ state: "confirmed" });
      expect(house.street.snapshot(cut).relay).toBe(relay);
    }
    // N1 and N2 behind level, password and operator, 33H on each
    expect(requestsTo(cut, "1C").map((hex) => hex.slice(36, 40))).toEqual(["4D34", "4F34"]);
  });

  test("is polled for what it has, and for nothing that it lacks", async () => {
    await house.gateway.pollAll();
    const { readings, identity } = await house.desk.get(`/v1/meters/${numbered}`);
    expect(identity).toBe("confirmed");
    expect(readings).toMatchObject({ balance: { value: "110.00", unit: "yuan" } });
    expect(readings).not.toHaveProperty("overdraft");
  });
});

/** Eight digits of hundredths of a kWh, ten of its number, two that check the rest. */
function token(amount: number, number: number): string {
  const body = String(amount).padStart(8, "0") + String(number).padStart(10, "0");
  return body + String(BigInt(body) % 97n).padStart(2, "0");
}

describe("a meter that takes tokens", () => {
  test("is told the token as it was bought, and shows what it was worth", async () => {
    const digits = token(2_000, 41);
    const end = await paid(tokens, "12.00", { token: digits });
    expect(end).toMatchObject({ kind: "top-up", state: "confirmed", token: `••••${digits.slice(-4)}` });
    expect(house.street.snapshot(tokens)).toMatchObject({ balance: "30.00", obeyed: { topUps: 1 } });
    await house.gateway.pollAll();
    const { readings } = await house.desk.get(`/v1/meters/${tokens}`);
    expect(readings).toMatchObject({ remainingEnergy: { value: "30.00", unit: "kWh" } });

    const onTheWire = Buffer.from(Array.from(digits, (digit) => digit.charCodeAt(0) + 0x33).reverse()).toString("hex");
    expect(requestsTo(tokens, "03").join()).toContain(onTheWire.toUpperCase());
    const shown = JSON.stringify(await house.desk.get(`/v1/commands/${String(end["id"])}`));
    for (const text of [shown, ...told]) {
      expect(text).not.toContain(digits);
      expect(text.replaceAll(" ", "").toUpperCase()).not.toContain(onTheWire.toUpperCase());
    }
  });

  test("is credited once, although the answer is lost", async () => {
    house.street.setFault(lostToken, { kind: "lost-reply", function: "03", di: "070102FF" });
    expect(await paid(lostToken, "12.00", { token: token(2_000, 42) })).toMatchObject({ state: "confirmed" });
    expect(house.street.snapshot(lostToken)).toMatchObject({ balance: "30.00", obeyed: { topUps: 1 } });
  });

  test("that had used the token before anything of ours was sent settles nothing: a person looks", async () => {
    const digits = token(2_000, 43);
    expect(await paid(usedToken, "12.00", { token: digits })).toMatchObject({ state: "confirmed" });
    expect(await paid(usedToken, "12.00", { token: digits })).toMatchObject({ state: "disputed", because: "token-used" });
    expect(house.street.snapshot(usedToken)).toMatchObject({ balance: "30.00", obeyed: { topUps: 1 } });
    expect(await account(usedToken)).toMatchObject({ held: "12.00" });
    expect(await house.desk.get(`/v1/meters/${usedToken}`)).not.toMatchObject({ identity: "quarantined" });
  });

  test("declines a token that is none, and the money is free again", async () => {
    expect(await paid(bare, "12.00", { token: "00002000000000004172" })).toMatchObject({
      state: "refused",
      because: "meter-other-error",
    });
    expect(await account(bare)).toMatchObject({ available: "12.00", held: "0.00" });
  });

  test("needs one with each payment, and other meters take none", async () => {
    await expect(pay(bare, "12.00")).rejects.toThrow("token-needed");
    await expect(pay(plain, "12.00", { token: token(2_000, 44) })).rejects.toThrow("token-not-taken");
    await expect(pay(bare, "12.00", { token: "123" })).rejects.toThrow("twenty digits");
    const orderId = randomUUID();
    const digits = token(1_000, 45);
    const first = await pay(bare, "12.00", { token: digits, orderId });
    expect(((await pay(bare, "12.00", { token: digits, orderId }))["payment"] as Thing)["id"]).toBe(
      (first["payment"] as Thing)["id"],
    );
    await expect(pay(bare, "12.00", { token: token(1_000, 46), orderId })).rejects.toThrow("order-conflict");
  });
});
