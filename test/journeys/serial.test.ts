/** A serial adapter that is pulled out and put back fifty times while orders wait: each is done, and none twice. */
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Thing } from "../../src/demo/desk.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { openPtyPair, type PtyPair } from "../transports/pty-pair.ts";

const ROUNDS = 50;
const METERS = Array.from({ length: 10 }, (_, n) => `20261124${String(n + 1).padStart(4, "0")}`);
const folder = mkdtempSync(join(tmpdir(), "by-id-"));
/** As udev makes it: a name that stays, and leads to whatever device the adapter is today. */
const path = join(folder, "usb-adapter-if00");
let house: TestHouse;
let pair: PtyPair | undefined;

/** The wires of the street end in the adapter, while there is one. */
function plugIn(): void {
  const mine = (pair = openPtyPair());
  const end = house.street.memoryEnd("serial-1");
  end.onBytes((bytes) => {
    if (pair === mine) mine.send(bytes);
  });
  mine.onReceived((bytes) => end.send(bytes));
  rmSync(path, { force: true });
  symlinkSync(mine.path, path);
}
function pull(): void {
  pair?.vanish();
  pair = undefined;
  rmSync(path, { force: true });
}

beforeAll(async () => {
  house = await raiseTestHouse({
    buses: [{ id: "serial-1", endpoint: { kind: "memory" } }],
    meters: METERS.map((address) => ({ address, bus: "serial-1", balance: "10.00", loadKw: 0 })),
    site: {
      buses: [
        {
          id: "serial-1",
          transport: { kind: "serial", path, baudRate: 115_200 },
          turnaroundMs: 1,
          replyDeadlineMs: 200,
          quietMs: 50,
        },
      ],
    },
  });
});
afterAll(async () => {
  await house.close();
  pull();
  rmSync(folder, { recursive: true, force: true });
});

const line = () => house.gateway.street.buses()[0]!;
const lineIs = (open: boolean): Promise<void> =>
  vi.waitFor(() => expect(line().open).toBe(open), { timeout: 10_000, interval: 5 });

test("fifty times, with top-ups and relay orders waiting: all end confirmed, each obeyed once", async () => {
  const chance = seededChance(50);
  const startedAt = performance.now();
  const topUps: string[] = [];
  const relays: string[] = [];
  const lastRelay = new Map<string, string>();
  const state = async (command: string): Promise<unknown> => (await house.desk.get(`/v1/commands/${command}`))["endedAt"];
  expect(line().why).toContain("no such device");
  for (let round = 0; round < ROUNDS; round += 1) {
    // Ordered while the adapter is away: both have to wait.
    topUps.push((await house.desk.pay(accountOf(METERS[round % METERS.length]!), "1.00")).command!);
    const meter = METERS[(round + 5) % METERS.length]!;
    const before = lastRelay.get(meter);
    // A newer order for one relay would take the place of an older one that has not left.
    if (before === undefined || (await state(before)) !== null) {
      const cuts = relays.length === 0 || house.street.snapshot(meter).relay === "connected";
      const answer = await house.desk.post(`/v1/meters/${meter}/relay`, {
        order: cuts ? "disconnect" : "reconnect",
        reason: "a test wants it",
      });
      relays.push(String((answer["command"] as Thing)["id"]));
      lastRelay.set(meter, relays.at(-1)!);
    }
    plugIn();
    await lineIs(true);
    await systemClock.wait(chance.next() * 300);
    pull();
    await lineIs(false);
  }
  const rounds = (performance.now() - startedAt) / 1_000;
  const waiting = (await Promise.all([...topUps, ...relays].map(state))).filter((endedAt) => endedAt === null).length;
  plugIn();
  const ended: Thing[] = [];
  for (const command of [...topUps, ...relays]) ended.push(await house.desk.commandIn(command, "confirmed", 60_000));
  const took = (performance.now() - startedAt) / 1_000;
  const cut = ended
    .flatMap(({ attempts }) => attempts as readonly Thing[])
    .filter(({ outcome }) => String(outcome).startsWith("silent, the line closed")).length;
  console.log(
    `${ROUNDS} rounds, ${topUps.length} top-ups and ${relays.length} relay orders: ${rounds.toFixed(1)} s, all confirmed after ${took.toFixed(1)} s; ${waiting} still waited after the last round, ${cut} were cut in mid-exchange`,
  );
  expect(cut).toBeGreaterThan(0);
  expect(topUps).toHaveLength(ROUNDS);
  expect(relays.length).toBeGreaterThanOrEqual(METERS.length);
  let obeyed = 0;
  for (const address of METERS) {
    const meter = house.street.snapshot(address);
    expect(meter).toMatchObject({ balance: "15.00", purchaseCount: 5, obeyed: { topUps: 5 } });
    obeyed += meter.obeyed.disconnects + meter.obeyed.reconnects;
  }
  expect(obeyed).toBe(relays.length);
}, 400_000);
