/** Stories of a top-up, good roads and bad ones. What the gateway says is compared with what the meter itself holds. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hours, Instant, minutes, ShiftableClock } from "../../src/kernel/clock.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import type { Thing } from "../../src/demo/desk.ts";

const clock = new ShiftableClock(Instant(Date.UTC(2026, 10, 23, 1, 0)));
let house: TestHouse;
let next = 1;
const LIMIT_MS = 15_000;
const address = (): string => `2026112201${String(next++).padStart(2, "0")}`;
const meters = Array.from({ length: 24 }, address);
const [
  plain,
  lostReply,
  lostRequest,
  lostThrice,
  hoarding,
  stranger,
  unopened,
  offline,
  dead,
  twins,
  wrongName,
  jumped,
  late,
  refusedTestKeys,
  swapped,
] = meters as [string, ...string[]];

beforeAll(async () => {
  house = await raiseTestHouse({
    clock,
    start: clock.now(),
    meters: meters.map((one) => ({
      address: one,
      model: "standard-wallet",
      balance: "10.00",
      loadKw: 0,
      ...(one === hoarding ? { hoardingLimit: "50.00" } : {}),
      ...(one === unopened ? { opened: false } : {}),
      ...(one === swapped ? { meterNumber: "000000000099" } : {}),
      ...(one === refusedTestKeys ? { keyState: "test" as const } : {}),
    })),
  });
});
afterAll(() => house.close());

const pay = async (meter: string | undefined, amount: string): Promise<string> =>
  (await house.desk.pay(accountOf(meter!), amount)).command!;
const ended = (command: string): Promise<Thing> =>
  house.desk.until(`command ${command} to end`, LIMIT_MS, async () => {
    const found = await house.desk.get(`/v1/commands/${command}`);
    return found["endedAt"] === null ? null : found;
  });
const stateIs = (command: string, state: string): Promise<Thing> =>
  house.desk.until(`command ${command} to be ${state}`, LIMIT_MS, async () => {
    const found = await house.desk.get(`/v1/commands/${command}`);
    return found["state"] === state ? found : null;
  });
const meter = (one: string | undefined) => house.street.snapshot(one!);
const account = (one: string | undefined): Promise<Thing> => house.desk.get(`/v1/accounts/${accountOf(one!)}`);
const jump = async (ms: number): Promise<void> => {
  const release = await house.gateway.hold();
  await clock.jump(ms);
  release();
};

describe("a top-up", () => {
  test("is confirmed when the meter shows it, and the money has left the account", async () => {
    const end = await ended(await pay(plain, "100.00"));
    expect(end["state"]).toBe("confirmed");
    expect(end["proof"]).toMatchObject({
      sent: expect.any(String) as string,
      acknowledged: expect.any(String) as string,
      verified: expect.any(String) as string,
    });
    expect(meter(plain)).toMatchObject({ balance: "110.00", purchaseCount: 1 });
    expect(await account(plain)).toMatchObject({ available: "0.00", held: "0.00" });
  });

  test("whose answer is lost is confirmed, and credited once", async () => {
    house.street.setFault(lostReply!, { kind: "lost-reply", function: "03", di: "070102FF" });
    const end = await ended(await pay(lostReply, "100.00"));
    expect(end).toMatchObject({ state: "confirmed", proof: { acknowledged: null } });
    expect(end["attempts"]).toHaveLength(1);
    expect(meter(lostReply)).toMatchObject({ balance: "110.00", purchaseCount: 1, obeyed: { topUps: 1 } });
  });

  test("whose request is lost is sent again with the same count, and credited once", async () => {
    house.street.setFault(lostRequest!, { kind: "lost-request", function: "03", di: "070102FF" });
    const end = await ended(await pay(lostRequest, "100.00"));
    expect(end["state"]).toBe("confirmed");
    expect(end["attempts"]).toHaveLength(2);
    expect(meter(lostRequest)).toMatchObject({ balance: "110.00", purchaseCount: 1 });
  });

  test("is not beaten into a bad line: after three lost requests it waits, and then arrives", async () => {
    for (let n = 0; n < 3; n += 1) house.street.setFault(lostThrice!, { kind: "lost-request", function: "03", di: "070102FF" });
    const end = await ended(await pay(lostThrice, "100.00"));
    expect(end["state"]).toBe("confirmed");
    expect(end["attempts"]).toHaveLength(4);
    expect(meter(lostThrice)).toMatchObject({ balance: "110.00", purchaseCount: 1 });
  });

  test("that the meter refuses ends refused, and the money is free again", async () => {
    house.street.patch(hoarding!, { balance: "45.00" }); // more than we know of: at the counter there was room
    const command = await pay(hoarding, "30.00");
    expect(await ended(command)).toMatchObject({ state: "refused", because: "hoard-limit" });
    expect(meter(hoarding)).toMatchObject({ balance: "45.00", purchaseCount: 0 });
    expect(await account(hoarding)).toMatchObject({ available: "30.00", held: "0.00" });
    const payments = (await house.desk.get(`/v1/payments?account=${accountOf(hoarding!)}`))["items"];
    expect(payments).toMatchObject([{ state: "unallocated" }]);
  });

  test("to a meter in test key state is refused before anything is sent", async () => {
    expect(await ended(await pay(refusedTestKeys, "5.00"))).toMatchObject({
      state: "refused",
      because: "key-state",
      proof: { sent: null },
    });
  });

  test("opens the account of a meter that has none, with its first purchase", async () => {
    const command = await pay(unopened, "80.00");
    const end = await ended(command);
    expect(end["state"]).toBe("confirmed");
    expect(["top-up", "open-account"]).toContain(end["kind"]);
    expect(meter(unopened)).toMatchObject({ balance: "90.00", purchaseCount: 1, opened: true });
  });

  test("to a meter that carries another customer's number is refused; the meter is quarantined, the money free, and no more is taken", async () => {
    house.street.patch(wrongName!, { customerNumber: "000000000099" });
    const command = await pay(wrongName, "20.00");
    expect(await ended(command)).toMatchObject({ state: "refused", because: "customer-mismatch", proof: { sent: null } });
    expect(await account(wrongName)).toMatchObject({ available: "20.00", held: "0.00" });
    expect(await house.desk.get(`/v1/meters/${wrongName!}`)).toMatchObject({ identity: "quarantined" });
    await expect(house.desk.pay(accountOf(wrongName!), "20.00")).rejects.toThrow(/meter-quarantined/);
    expect(meter(wrongName)).toMatchObject({ balance: "10.00", purchaseCount: 0 });
  });

  test("is not even taken for a meter whose numbers were wrong from the start", async () => {
    await house.desk.until("the first reading of its numbers", LIMIT_MS, async () =>
      (await house.desk.get(`/v1/meters/${swapped!}`))["identity"] === "quarantined" ? true : null,
    );
    await expect(house.desk.pay(accountOf(swapped!), "20.00")).rejects.toThrow(/meter-quarantined/);
    expect((await house.desk.get(`/v1/meters/${swapped!}`))["readings"]).toEqual({});
  });

  test("waits for a meter that is offline, and arrives when it is heard again", async () => {
    const fault = house.street.setFault(offline!, { kind: "silence", times: 1_000 });
    const command = await pay(offline, "30.00");
    await house.desk.until("it waits for the meter", LIMIT_MS, async () =>
      (await house.desk.get(`/v1/commands/${command}`))["waitingFor"] === "meter-online" ? true : null,
    );
    await jump(hours(2));
    house.street.clearFaults(offline!, fault);
    await jump(minutes(6)); // no silent meter is left alone for longer than five minutes
    expect(await ended(command)).toMatchObject({ state: "confirmed" });
    expect(meter(offline)).toMatchObject({ balance: "40.00", purchaseCount: 1 });
  });

  test("to a meter that is never heard expires unsent, and the money is free again", async () => {
    house.street.setFault(dead!, { kind: "silence", times: 100_000 });
    const command = await pay(dead, "30.00");
    await jump(hours(73));
    expect(await ended(command)).toMatchObject({ state: "expired", because: "deadline", proof: { sent: null } });
    expect(await account(dead)).toMatchObject({ available: "30.00", held: "0.00" });
    expect(meter(dead)).toMatchObject({ balance: "10.00", purchaseCount: 0 });
  });

  test("after which nobody can tell is disputed: the money stays held and the account takes no more until a person has looked", async () => {
    house.street.setFault(stranger!, { kind: "lost-reply", function: "03", di: "070102FF" });
    const command = await pay(stranger, "30.00");
    await stateIs(command, "sending").catch(() => stateIs(command, "verifying"));
    house.street.patch(stranger!, { purchaseCount: 9 }); // someone else charges this meter
    expect(await ended(command)).toMatchObject({ state: "disputed", because: "count-gap" });
    expect(await account(stranger)).toMatchObject({ available: "0.00", held: "30.00" });
    await expect(house.desk.pay(accountOf(stranger!), "5.00")).rejects.toThrow(/account-disputed/);

    const decided = await house.desk.post(`/v1/commands/${command}/resolve`, {
      verdict: "done",
      note: "the purchase record names it",
    });
    expect(decided).toMatchObject({
      state: "confirmed",
      because: "person",
      receipt: { decided: { note: "the purchase record names it" } },
    });
    expect(await account(stranger)).toMatchObject({ available: "0.00", held: "0.00" });
    await expect(house.desk.post(`/v1/commands/${command}/resolve`, { verdict: "not-done", note: "again" })).rejects.toThrow(
      /not-disputed/,
    );
    expect(await ended(await pay(stranger, "5.00"))).toMatchObject({ state: "confirmed" });
  });

  test("two payments at the same moment reach the meter one after the other, each once", async () => {
    house.street.setFault(twins!, { kind: "lost-reply", function: "03", di: "070102FF" });
    const [first, second] = await Promise.all([pay(twins, "30.00"), pay(twins, "12.00")]);
    expect(await ended(first)).toMatchObject({ state: "confirmed" });
    expect(await ended(second)).toMatchObject({ state: "confirmed" });
    expect(meter(twins)).toMatchObject({ balance: "52.00", purchaseCount: 2 });
  });

  test("begins with the count that the meter has now, not the one it had", async () => {
    house.street.patch(jumped!, { purchaseCount: 41 });
    expect(await ended(await pay(jumped, "1.00"))).toMatchObject({ state: "confirmed" });
    expect(meter(jumped)).toMatchObject({ purchaseCount: 42, balance: "11.00" });
  });

  test("whose answer comes late, into the next exchange, is believed by its reading alone", async () => {
    house.street.setFault(late!, { kind: "late-reply", function: "03", di: "070102FF", delayMs: 600 });
    const end = await ended(await pay(late, "15.00"));
    expect(end).toMatchObject({ state: "confirmed" });
    expect(meter(late)).toMatchObject({ balance: "25.00", purchaseCount: 1 });
  });
});
