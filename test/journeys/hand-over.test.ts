/** A second gateway comes to a line that is held: it takes money and orders all the same, and the line itself when the first one leaves. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildConfig } from "../../src/config.ts";
import { Desk, type Thing } from "../../src/demo/desk.ts";
import { LEASE_MS } from "../../src/devices/line-leases.ts";
import { startGateway, type Gateway } from "../../src/gateway.ts";
import { systemChance } from "../../src/kernel/chance.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";

const LIMIT_MS = 20_000;
const [first, second, third] = ["202611220801", "202611220802", "202611220803"] as const;
const folder = mkdtempSync(join(tmpdir(), "hand-over-"));
let house: TestHouse;
let late: Gateway;
let desk: Desk;

beforeAll(async () => {
  house = await raiseTestHouse({ meters: [first, second, third].map((address) => ({ address, loadKw: 0, balance: "10.00" })) });
  house.street.pauseHouseholds();
  const port = Number(house.street.endpoints[0]!.at);
  const config = buildConfig(
    {
      http: { port: 0 },
      stores: { data: join(folder, "data"), database: house.database.connectionString },
      mqtt: { url: "mqtt://127.0.0.1:9" },
      buses: [{ id: "tcp-1", transport: { kind: "tcp", host: "127.0.0.1", port }, turnaroundMs: 1, replyDeadlineMs: 250 }],
      meters: [first, second, third].map((address) => ({
        address,
        account: accountOf(address),
        bus: "tcp-1",
        model: "standard-wallet",
      })),
    },
    { file: join(folder, "site.yaml"), env: {} },
  );
  late = await startGateway({ config, clock: systemClock, chance: systemChance, log: silentLog, consoleFolder: null });
  desk = new Desk(late.url, systemClock);
});
afterAll(async () => {
  await late.stop();
  await house.close();
  rmSync(folder, { recursive: true, force: true });
});

const line = async (at: Desk): Promise<Thing> => ((await at.get("/v1/buses"))["items"] as readonly Thing[])[0]!;

test("one line stays with whoever holds it; the other one says so, and is ready for money", async () => {
  const holder = (await line(house.desk))["holder"];
  expect(await line(house.desk)).toMatchObject({ open: true, heldByUs: true });
  expect(await line(desk)).toMatchObject({ open: false, heldByUs: false, holder, why: `held by ${String(holder)}` });
  const ready = await desk.get("/readyz");
  expect(ready["status"]).toBe("ready");
  expect((ready["parts"] as readonly Thing[]).find(({ name }) => name === "leases of lines")).toMatchObject({
    why: `${String(holder)}: 1`,
  });
});

test("what is paid and asked at the one without the line is done by the holder, within about a second", async () => {
  const { command } = await desk.pay(accountOf(first), "30.00");
  const paid = await desk.commandIn(command!, "confirmed", LIMIT_MS);
  expect(house.street.snapshot(first)).toMatchObject({ balance: "40.00", obeyed: { topUps: 1 } });
  const startedAfterMs = Date.parse(String((paid["proof"] as Thing)["sent"])) - Date.parse(String(paid["createdAt"]));
  expect(startedAfterMs).toBeLessThan(4_000); // written to the second, and the machine may be busy
  const { command: read } = (await desk.post(`/v1/meters/${first}/readings`, { items: ["balance"] })) as { command: Thing };
  expect(await desk.commandIn(String(read["id"]), "confirmed", LIMIT_MS)).toMatchObject({ kind: "read-now" });
});

test("stopped in order, the first one leaves line and orders to the second at once", async () => {
  house.street.setFault(second, { kind: "lost-reply", function: "03", di: "070102FF" });
  const { command } = await desk.pay(accountOf(second), "20.00");
  await desk.until("the meter to obey", LIMIT_MS, () =>
    Promise.resolve(house.street.snapshot(second).obeyed["topUps"] === 1 ? true : null),
  );
  await house.gateway.stop();
  const stoppedAt = performance.now();
  await desk.until("the second one to hold and open the line", LIMIT_MS, async () => {
    const { open, heldByUs } = await line(desk);
    return open === true && heldByUs === true ? true : null;
  });
  expect(performance.now() - stoppedAt).toBeLessThan(LEASE_MS / 2); // it was given back, and has not lapsed
  await desk.commandIn(command!, "confirmed", LIMIT_MS);
  expect(house.street.snapshot(second)).toMatchObject({ balance: "30.00", obeyed: { topUps: 1 } });
  await desk.commandIn((await desk.pay(accountOf(third), "5.00")).command!, "confirmed", LIMIT_MS);
  expect(house.street.snapshot(third)).toMatchObject({ balance: "15.00", obeyed: { topUps: 1 } });
});
