/**
 * The gateway dies while a top-up is in flight: its whole process group is killed with -9, and it is started again at once. With
 * real processes, the embedded PostgreSQL among them. Whatever the moment, the top-up ends confirmed and the meter was
 * credited once.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Desk } from "../../src/demo/desk.ts";
import { raiseProcessHouse, type ProcessHouse } from "../support/process-house.ts";
import { holdersOf } from "../support/processes.ts";

/** Each test starts a gateway again, some of them three times. */
const TEST_MS = 120_000;
const meters = ["202611220301", "202611220302", "202611220303", "202611220304"] as const;
let house: ProcessHouse;

beforeAll(async () => {
  house = await raiseProcessHouse({ meters, bus: { replyDeadlineMs: 1_500 } });
});
afterAll(() => house.close());

async function dieAndRise(): Promise<Desk> {
  await house.dieAndRise();
  return house.desk;
}

async function endsConfirmedOnce(desk: Desk, command: string, address: string): Promise<void> {
  const end = await desk.commandIn(command, "confirmed", 25_000);
  expect(end["proof"]).toMatchObject({ verified: expect.any(String) as string });
  expect(await house.street.meter(address)).toMatchObject({ balance: "110.00", purchaseCount: 1, obeyed: { topUps: 1 } });
  expect(await desk.get(`/v1/accounts/${address.slice(2)}`)).toMatchObject({ available: "0.00", held: "0.00" });
}

describe("killed with -9 and started again at once", { timeout: TEST_MS }, () => {
  test("directly after the payment was taken: nothing had left, it is sent once", async () => {
    const [address] = meters;
    const { command } = await house.desk.pay(address.slice(2), "100.00");
    await endsConfirmedOnce(await dieAndRise(), command!, address);
  });

  test("after the meter obeyed and before its answer came: it is read, not sent again", async () => {
    const address = meters[1];
    await house.street.fault(address, { kind: "lost-reply", function: "03", di: "070102FF" });
    const desk = house.desk;
    const { command } = await desk.pay(address.slice(2), "100.00");
    await desk.until("the meter to obey", 10_000, async () =>
      (await house.street.meter(address)).obeyed["topUps"] === 1 ? true : null,
    );
    expect(await desk.get(`/v1/commands/${command!}`)).toMatchObject({ state: "sending" });
    const reborn = await dieAndRise();
    await endsConfirmedOnce(reborn, command!, address);
    expect((await reborn.get(`/v1/commands/${command!}`))["attempts"]).toHaveLength(1);
  });

  test("after the attempt was written down and before the meter heard it: it is read, and sent again", async () => {
    const address = meters[2];
    await house.street.fault(address, { kind: "lost-request", function: "03", di: "070102FF" });
    const desk = house.desk;
    const { command } = await desk.pay(address.slice(2), "100.00");
    await desk.until("the attempt to be written", 10_000, async () =>
      (await desk.get(`/v1/commands/${command!}`))["state"] === "sending" ? true : null,
    );
    await endsConfirmedOnce(await dieAndRise(), command!, address);
  });

  test("three times in a row", async () => {
    const address = meters[3];
    await house.street.fault(address, { kind: "lost-reply", function: "03", di: "070102FF" });
    let desk = house.desk;
    const { command } = await desk.pay(address.slice(2), "100.00");
    for (let death = 0; death < 3; death += 1) desk = await dieAndRise();
    await endsConfirmedOnce(desk, command!, address);
  });

  test("stopped with SIGTERM to its whole group, it leaves in order and lets go of its data folder", async () => {
    house.gateway.kill("SIGTERM");
    expect(await house.gateway.ended).toBe(0);
    await house.desk.until("the data folder to be let go", 30_000, async () =>
      (await holdersOf(house.place.path)).length === 0 ? true : null,
    );
    await house.rise();
  });
});
