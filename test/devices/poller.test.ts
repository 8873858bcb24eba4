/** Who is read, when, and what for: seen from the street, whose frames tell what was asked. Time is moved ahead, not waited for. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { minutes, seconds, ShiftableClock, systemClock } from "../../src/kernel/clock.ts";
import { raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { ask, itemsOf, thing, until, untilTrue } from "../api/door.ts";

const WALLET = "202611220061";
const REMOTE = "202611220062";
const FADING = "202611220063";
const EVERY_MS = minutes(15);

const clock = new ShiftableClock(systemClock.now());
let house: TestHouse;
beforeAll(async () => {
  house = await raiseTestHouse({
    clock,
    replyDeadlineMs: 300, // a busy machine answers late, and whoever is late is asked again
    meters: [
      { address: WALLET, balance: "50.00" },
      { address: REMOTE, model: "remote-ledger", mode: "remote" },
      { address: FADING, model: "remote-ledger", mode: "remote" },
    ],
    site: { polling: { everySeconds: EVERY_MS / 1_000 } },
  });
  house.street.pauseHouseholds();
});
afterAll(() => house.close());

/** Identifiers this meter was asked for since, in order. */
const askedFor = (address: string, since = 0): string[] =>
  house.street
    .frames(address)
    .slice(since)
    .map(({ hex }) => hex.replaceAll(" ", "").toUpperCase())
    .map((hex) => /6811(?:04|05)((?:[0-9A-F]{2}){4})/.exec(hex)?.[1] ?? "")
    .filter((di) => di !== "")
    .map((di) =>
      Buffer.from(Buffer.from(di, "hex").map((byte) => (byte - 0x33) & 0xff))
        .reverse()
        .toString("hex"),
    );
const energyReads = (address: string): number => askedFor(address).filter((di) => di === "00010000").length;
const RELAY_WORD = "04000503";
const WALLET_LIMIT = "04001004";
const relayReads = (address: string): number => askedFor(address).filter((di) => di === RELAY_WORD).length;

test("directly after the start every meter is read once: energy, the wallet where there is one, the relay, and last what is asked once a day", async () => {
  await untilTrue("the first round", () => [WALLET, REMOTE, FADING].every((address) => relayReads(address) === 1));
  await untilTrue("what a wallet may hold", () => askedFor(WALLET).includes(WALLET_LIMIT));
  const inOrder = ["00010000", "00900200", RELAY_WORD, WALLET_LIMIT];
  expect(askedFor(WALLET).filter((di) => inOrder.includes(di))).toEqual(inOrder);
  expect(askedFor(REMOTE)).not.toContain(WALLET_LIMIT);
  expect(askedFor(REMOTE)).not.toContain("00900200");
  for (const address of [WALLET, REMOTE, FADING]) expect(energyReads(address)).toBe(1);
});

test("nobody is read again before the time, everybody when it has come", async () => {
  await clock.jump(EVERY_MS - minutes(1));
  await systemClock.wait(300);
  expect(energyReads(WALLET)).toBe(1);
  await clock.jump(minutes(1));
  await untilTrue("the second round", () => [WALLET, REMOTE, FADING].every((address) => relayReads(address) === 2));
  const { json } = await ask(house.gateway.url, "GET", `/v1/meters/${WALLET}`);
  expect(thing(thing(json["readings"])["importedEnergy"])).toMatchObject({ source: "poll" });
  for (const address of [WALLET, REMOTE, FADING]) expect(energyReads(address)).toBe(2);
  expect(askedFor(WALLET).filter((di) => di === WALLET_LIMIT)).toHaveLength(1);
});

test("a meter that falls silent is asked less and less, holds nobody up, and is read as soon as it is heard again", async () => {
  const healthOf = async (): Promise<{ state: string; failures: number }> =>
    (await ask(house.gateway.url, "GET", `/v1/meters/${FADING}`)).json["health"] as { state: string; failures: number };
  const silence = house.street.setFault(FADING, { kind: "silence" });
  await clock.jump(EVERY_MS);
  await until("it to be silent", async () => ((await healthOf()).state === "silent" ? true : null));
  await untilTrue("the others to be read all the same", () => [WALLET, REMOTE].every((address) => relayReads(address) === 3));

  // every failure makes the pause longer: over the same half minute it is asked less than every second
  const failures = async (): Promise<number> => (await healthOf()).failures;
  const before = await failures();
  for (let second = 0; second < 30; second += 1) await clock.jump(seconds(1));
  await systemClock.wait(1_500);
  const asked = (await failures()) - before;
  expect(asked).toBeLessThan(15);

  house.street.clearFaults(FADING, silence);
  const readings = energyReads(FADING);
  await clock.jump(minutes(5)); // the longest pause there is
  await untilTrue(
    "it to be read again, long before its regular turn",
    () => energyReads(FADING) > readings && relayReads(FADING) > 2,
  );
  expect((await healthOf()).state).toBe("answering");
  expect(energyReads(WALLET)).toBe(3);
});

test("while the lines are held nobody is read; what became due meanwhile is read afterwards", async () => {
  const release = await house.gateway.hold();
  const before = house.street.frames().length;
  await clock.jump(EVERY_MS);
  await systemClock.wait(200);
  expect(house.street.frames().length).toBe(before);
  release();
  await untilTrue("the round that was due", () => relayReads(WALLET) === 4);
});

test("a meter that carries other numbers than the books say is quarantined, and its energy charges nobody", async () => {
  const stranger = "202611220064";
  const other = await raiseTestHouse({
    meters: [{ address: stranger, model: "remote-ledger", mode: "remote", customerNumber: "009999999999" }],
  });
  try {
    await untilTrue("its numbers to be read", async () => {
      const { json } = await ask(other.gateway.url, "GET", `/v1/meters/${stranger}`);
      return json["identity"] === "quarantined";
    });
    other.street.advance(minutes(60));
    await other.gateway.pollAll();
    const { json } = await ask(other.gateway.url, "GET", `/v1/meters/${stranger}`);
    expect(json["identityNote"]).toMatch(/009999999999/);
    expect(itemsOf(await ask(other.gateway.url, "GET", `/v1/accounts/${stranger.slice(2)}/entries`))).toEqual([]);
    expect(itemsOf(await ask(other.gateway.url, "GET", "/v1/commands"))).toEqual([]);
  } finally {
    await other.close();
  }
});

test("with a hot tier a meter whose money is low is read at its pace, and the others are not", async () => {
  const time = new ShiftableClock(systemClock.now());
  const [poor, rich] = ["202611220065", "202611220066"];
  const other = await raiseTestHouse({
    clock: time,
    meters: [
      { address: poor, balance: "5.00" },
      { address: rich, balance: "500.00" },
    ],
    site: { polling: { everySeconds: 900, tiers: { hot: { everySeconds: 60 } } } },
  });
  try {
    other.street.pauseHouseholds();
    const reads = (address: string): number =>
      other.street
        .frames(address)
        .filter(({ direction, hex }) => direction === "request" && hex.replaceAll(" ", "").includes("33333433")).length;
    await untilTrue("the first round", () => reads(poor) >= 1 && reads(rich) >= 1);
    await untilTrue("its balance to be known", async () => {
      const { json } = await ask(other.gateway.url, "GET", `/v1/meters/${poor}`);
      return thing(thing(json["readings"])["balance"])["value"] === "5.00";
    });
    const before = { poor: reads(poor), rich: reads(rich) };
    for (let minute = 1; minute <= 3; minute += 1) {
      const heard = reads(poor);
      await time.jump(seconds(61));
      await untilTrue(`it to be read in minute ${minute}`, () => reads(poor) > heard);
    }
    expect(reads(poor)).toBeGreaterThanOrEqual(before.poor + 3);
    expect(reads(rich)).toBe(before.rich);
  } finally {
    await other.close();
  }
});
