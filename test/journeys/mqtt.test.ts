/** Stories over a broker: frames in hex and JSON, meters behind one DTU, and a broker that goes away at the worst moment. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FaultOrder } from "../../simulator/street.ts";
import { hours, Instant, ShiftableClock } from "../../src/kernel/clock.ts";
import type { Thing } from "../../src/demo/desk.ts";
import { startEmbeddedBroker, type EmbeddedBroker } from "../../src/transports/embedded-broker.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";

const clock = new ShiftableClock(Instant(Date.UTC(2026, 10, 23, 1, 0)));
const LIMIT_MS = 20_000;
const BUSES = ["hex", "json", "dtu"] as const;
type Bus = (typeof BUSES)[number];
/** What the modem or its broker does to the answer; the order itself was obeyed. */
const FAULTS: Readonly<Record<string, Omit<FaultOrder, "function" | "di"> | undefined>> = {
  nothing: undefined,
  duplicate: { kind: "mqtt-duplicate", copies: 3 },
  reorder: { kind: "mqtt-reorder", delayMs: 30 },
  queued: { kind: "mqtt-queued" },
  retained: { kind: "mqtt-retained-reply" },
  wrongTopic: { kind: "mqtt-wrong-topic" },
  wrongNumber: { kind: "mqtt-wrong-msg-id" },
  inPieces: { kind: "split-reply" },
};
const STORIES = Object.keys(FAULTS);
const addressOf = (bus: Bus, story: string): string =>
  `20261125${BUSES.indexOf(bus)}${String([...STORIES, "cut", "paid", "stale"].indexOf(story)).padStart(3, "0")}`;

let broker: EmbeddedBroker;
let house: TestHouse;

beforeAll(async () => {
  broker = await startEmbeddedBroker({ port: 0 });
  const { url } = broker;
  const timing = { turnaroundMs: 1, replyDeadlineMs: 400, quietMs: 100 };
  house = await raiseTestHouse({
    clock,
    start: clock.now(),
    buses: [
      { id: "hex", endpoint: { kind: "mqtt", url, payload: "hex" }, answerDelayMs: 25 },
      { id: "json", endpoint: { kind: "mqtt", url, payload: "json" }, answerDelayMs: 25 },
      { id: "dtu", endpoint: { kind: "mqtt", url, payload: "json", dtu: "17" }, answerDelayMs: 25 },
    ],
    meters: BUSES.flatMap((bus) =>
      [...STORIES, "cut", "paid", "stale"].map((story) => ({
        address: addressOf(bus, story),
        bus,
        model: "standard-wallet" as const,
        balance: "10.00",
        loadKw: 0,
        energyKwh: "100.00",
      })),
    ),
    site: {
      mqtt: { url },
      buses: [
        { id: "hex", transport: { kind: "mqtt", payload: "hex" }, ...timing },
        { id: "json", transport: { kind: "mqtt", payload: "json" }, ...timing },
        { id: "dtu", transport: { kind: "mqtt", payload: "json", down: "dtu/17/down", up: "dtu/17/up" }, ...timing },
      ],
    },
  });
});
afterAll(async () => {
  await house.close();
  await broker.close();
});

const order = async (address: string, what: string): Promise<string> =>
  String(
    ((await house.desk.post(`/v1/meters/${address}/relay`, { order: what, reason: "a test wants it" }))["command"] as Thing)[
      "id"
    ],
  );
const pay = async (address: string, amount: string): Promise<string> =>
  (await house.desk.pay(accountOf(address), amount)).command!;
const ended = (command: string): Promise<Thing> =>
  house.desk.until(`command ${command} to end`, LIMIT_MS, async () => {
    const found = await house.desk.get(`/v1/commands/${command}`);
    return found["endedAt"] === null ? null : found;
  });
/** Orders as the meter heard them. */
const orders = (address: string, control: string): number =>
  house.street
    .frames()
    .filter(
      ({ meter, direction, hex }) =>
        meter === address && direction === "request" && new RegExp(`68.{12}68${control}`, "i").test(hex),
    ).length;
const heardBy = (address: string, control: string): Promise<true> =>
  house.desk.until(`${address} to hear ${control}`, LIMIT_MS, () => Promise.resolve(orders(address, control) > 0 ? true : null));
const restartBroker = async (): Promise<void> => {
  const { port } = broker;
  await broker.close();
  broker = await startEmbeddedBroker({ port });
};
const linesAre = (open: boolean): Promise<true> =>
  house.desk.until(`lines to be ${open ? "open" : "down"}`, LIMIT_MS, () =>
    Promise.resolve(house.gateway.street.buses().every((bus) => bus.open === open) ? true : null),
  );

async function readCutRestoreAndPay(bus: Bus, story: string): Promise<void> {
  const address = addressOf(bus, story);
  const spoil = (exchange: { readonly function: string; readonly di?: string }): void => {
    // A number is spoiled only where there is one.
    const fault = story === "wrongNumber" && bus === "hex" ? undefined : FAULTS[story];
    if (fault?.kind === "split-reply") house.street.setFault(address, { ...fault, ...exchange });
    else if (fault !== undefined) house.street.setBusFault(bus, { ...fault, ...exchange });
  };
  spoil({ function: "11" });
  const read = house.desk.post(`/v1/meters/${address}/readings`, { items: ["importedEnergy"] });
  const { items } = await read.catch((error: unknown) => {
    if (!(error instanceof Error && /meter-silent/.test(error.message))) throw error;
    return { items: null }; // the one right answer beside the value
  });
  if (items !== null) expect(items).toMatchObject([{ item: "importedEnergy", value: "100.00" }]);
  spoil({ function: "1C" });
  expect(await ended(await order(address, "disconnect"))).toMatchObject({ state: "confirmed" });
  spoil({ function: "1C" });
  expect(await ended(await order(address, "reconnect"))).toMatchObject({ state: "confirmed" });
  spoil({ function: "03", di: "070102FF" });
  expect(await ended(await pay(address, "5.00"))).toMatchObject({ state: "confirmed" });
  expect(house.street.snapshot(address)).toMatchObject({
    relay: "connected",
    balance: "15.00",
    purchaseCount: 1,
    obeyed: { disconnects: 1, reconnects: 1, topUps: 1 },
  });
  expect(orders(address, "1C")).toBe(2);
}

test.each(STORIES)(
  "with answers spoiled by %s, in hex, in json and behind a DTU: read, cut, restored and topped up, each once and each confirmed",
  async (story) => {
    await Promise.all(BUSES.map((bus) => readCutRestoreAndPay(bus, story)));
  },
  4 * LIMIT_MS,
);

test("a broker that restarts between the order and its answer: every meter is found cut, and no order was given twice", async () => {
  const addresses = BUSES.map((bus) => addressOf(bus, "cut"));
  const commands = await Promise.all(addresses.map((address) => order(address, "disconnect")));
  await heardBy(addresses[0]!, "1C");
  await restartBroker();
  for (const command of commands) expect(await ended(command)).toMatchObject({ state: "confirmed" });
  for (const address of addresses) {
    expect(house.street.snapshot(address)).toMatchObject({ relay: "disconnected", obeyed: { disconnects: 1 } });
    expect(orders(address, "1C")).toBe(1);
  }
});

test("a broker that restarts in the middle of top-ups: each is credited once", async () => {
  const addresses = BUSES.map((bus) => addressOf(bus, "paid"));
  const commands = await Promise.all(addresses.map((address) => pay(address, "20.00")));
  await heardBy(addresses[1]!, "03");
  await restartBroker();
  for (const command of commands) expect(await ended(command)).toMatchObject({ state: "confirmed" });
  for (const address of addresses)
    expect(house.street.snapshot(address)).toMatchObject({ balance: "30.00", purchaseCount: 1, obeyed: { topUps: 1 } });
});

test("an order whose time is over when the broker comes back is expired, and no byte of it ever leaves", async () => {
  const addresses = BUSES.map((bus) => addressOf(bus, "stale"));
  const { port } = broker;
  await broker.close();
  await linesAre(false);
  const commands = await Promise.all(addresses.map((address) => order(address, "disconnect")));
  const before = house.street.frames().length;
  for (const command of commands)
    expect(await house.desk.get(`/v1/commands/${command}`)).toMatchObject({ proof: { sent: null } });
  const release = await house.gateway.hold();
  await clock.jump(hours(100));
  release();
  broker = await startEmbeddedBroker({ port });
  await linesAre(true);
  for (const command of commands) expect(await ended(command)).toMatchObject({ state: "expired", proof: { sent: null } });
  await house.gateway.pollAll();
  expect(house.street.frames().length).toBeGreaterThan(before);
  for (const address of addresses) {
    expect(orders(address, "1C")).toBe(0);
    expect(house.street.snapshot(address)).toMatchObject({ relay: "connected", obeyed: { disconnects: 0 } });
  }
});
