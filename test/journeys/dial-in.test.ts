/** A street that calls the gateway: from the first word a modem says to money on a meter, and what becomes of one that nobody knows. */
import { connect, createServer, type AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Thing } from "../../src/demo/desk.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";

const [A, B, C] = ["202611230001", "202611230002", "202611230003"] as const;
const LIMIT_MS = 20_000;
let house: TestHouse;
let port: number;

beforeAll(async () => {
  port = await freePort();
  const calls = { kind: "dial-in", host: "127.0.0.1", port, redialMs: 20, heartbeat: "HB", heartbeatMs: 50 } as const;
  const meters = [A, B, C].map((address) => ({ address, balance: "10.00", loadKw: 0, bus: address === C ? "alone" : "modem" }));
  house = await raiseTestHouse({
    buses: [
      { id: "modem", endpoint: { ...calls, registration: "hex:7B7B84" } },
      { id: "alone", endpoint: { ...calls, registration: "{address}" } },
    ],
    meters,
    site: {
      buses: [
        {
          id: "hill",
          transport: { kind: "tcp-server", port },
          turnaroundMs: 1,
          replyDeadlineMs: 400,
          dialIn: { says: ["address", { text: "HB", answer: "OK" }], heartbeatEverySeconds: 60 },
          callers: [{ registration: "hex:7B7B84", meters: [A, B] }],
        },
      ],
      meters: meters.map(({ address }) => ({ address, bus: "hill", model: "standard-wallet", account: accountOf(address) })),
    },
  });
  await house.desk.until("all to be on their lines", LIMIT_MS, async () =>
    (await buses()).every((bus) => bus["open"] === true) ? true : null,
  );
}, 60_000);
afterAll(() => house.close());

const buses = async (): Promise<readonly Thing[]> => (await house.desk.get("/v1/buses"))["items"] as readonly Thing[];
const order = async (address: string, what: string): Promise<string> =>
  String(
    ((await house.desk.post(`/v1/meters/${address}/relay`, { order: what, reason: "a test wants it" }))["command"] as Thing)[
      "id"
    ],
  );
const pay = async (address: string, amount: string): Promise<string> =>
  (await house.desk.pay(accountOf(address), amount)).command!;
const confirmed = (command: string): Promise<Thing> => house.desk.commandIn(command, "confirmed", LIMIT_MS);

test("they are read, topped up, cut and restored, each confirmed by its meter", async () => {
  expect((await buses()).map(({ id }) => id)).toEqual(["hill", "hill/hex-7B7B84", `hill/${C}`]);
  await house.gateway.pollAll();
  for (const address of [A, B, C]) {
    const { readings } = (await house.desk.get(`/v1/meters/${address}`)) as { readings: Thing };
    expect(JSON.stringify(readings)).toContain("10.00");
  }
  await Promise.all([A, B, C].map(async (address) => confirmed(await pay(address, "25.00"))));
  await Promise.all([A, B, C].map(async (address) => confirmed(await order(address, "disconnect"))));
  for (const address of [A, B, C])
    expect(house.street.snapshot(address)).toMatchObject({ balance: "35.00", purchaseCount: 1, relay: "disconnected" });
  await Promise.all([A, B, C].map(async (address) => confirmed(await order(address, "reconnect"))));
  expect(house.street.snapshot(B)).toMatchObject({ relay: "connected", obeyed: { topUps: 1, disconnects: 1, reconnects: 1 } });
});

test("a meter calls a second time in the middle of a top-up and of a cut: each is done once, and the newer connection carries on", async () => {
  house.street.setBusFault("alone", { kind: "second-connection", di: "070102FF" });
  const topUp = await confirmed(await pay(C, "5.00"));
  expect(topUp["attempts"]).toHaveLength(1);
  house.street.setBusFault("alone", { kind: "second-connection", function: "1C" });
  const cut = await confirmed(await order(C, "disconnect"));
  expect(cut["attempts"]).toHaveLength(1);
  expect(house.street.snapshot(C)).toMatchObject({ balance: "40.00", purchaseCount: 2, obeyed: { topUps: 2, disconnects: 2 } });
  expect((await buses())[0]!["callers"]).toMatchObject({ connected: 2, known: 2 });
});

test("connections break under orders, and callers come back without their name: nothing is lost and nothing done twice", async () => {
  house.street.setBusFault("modem", { kind: "dropped-connection", di: "070102FF" });
  house.street.setBusFault("alone", { kind: "missing-registration", di: "078102FF" });
  await Promise.all([A, B, C].map(async (address) => confirmed(await pay(address, "1.00"))));
  expect([A, B, C].map((address) => house.street.snapshot(address).purchaseCount)).toEqual([2, 2, 3]);
});

test("one that nobody knows is listed with what it said, is never sent an order, and leaves the others alone", async () => {
  let heard = "";
  const stranger = connect({ host: "127.0.0.1", port });
  stranger.on("data", (bytes: Buffer) => (heard += bytes.toString("hex").toUpperCase()));
  stranger.on("error", () => undefined);
  stranger.write("IMEI 861234567890123\r\n");
  const found = await house.desk.until("the stranger to be quarantined", LIMIT_MS, async () => {
    const { quarantine } = (await buses())[0]!["callers"] as { quarantine: readonly Thing[] };
    return quarantine[0] ?? null;
  });
  expect(found).toMatchObject({ said: "IMEI 861234567890123\\x0d\\x0a", until: null });
  const ready = await fetch(`${house.gateway.url}/readyz`);
  expect(ready.status).toBe(200);
  expect(((await ready.json()) as { parts: readonly Thing[] }).parts.find(({ name }) => name === "callers")).toEqual({
    name: "callers",
    ready: true,
    why: "hill: 1 unknown, see /v1/buses",
  });
  await confirmed(await pay(A, "1.00"));
  // The question for its address, and nothing else.
  expect(heard.replaceAll("FE", "")).toBe("68AAAAAAAAAAAA681300DF16");
  stranger.destroy();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port: free } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  await systemClock.wait(0);
  return free;
}
