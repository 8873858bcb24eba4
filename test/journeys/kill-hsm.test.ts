/**
 * The gateway dies while a top-up waits for the cipher machine: its whole process group is killed with -9 and started again at once,
 * with the machine still away. Whether the top-up had left or not, the meter is credited once.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Secret } from "../../src/kernel/secret.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { openCipherServer, type CipherServer } from "../../simulator/cipher-server.ts";
import type { Desk } from "../../src/demo/desk.ts";
import { SHARED } from "../support/hsm.ts";
import { raiseProcessHouse, type ProcessHouse } from "../support/process-house.ts";

const LIMIT_MS = 25_000;
const [NOT_SENT, SENT] = ["202611220311", "202611220312"] as const;
let machine: CipherServer;
let house: ProcessHouse;

const machineAt = (port: number): Promise<CipherServer> =>
  openCipherServer({ port, secret: new Secret(SHARED), clock: systemClock, chance: seededChance(13), log: silentLog });

beforeAll(async () => {
  machine = await machineAt(0);
  house = await raiseProcessHouse({
    meters: [NOT_SENT, SENT],
    bus: { replyDeadlineMs: 1_500 },
    site: (place) => ({
      security: {
        kind: "hsm",
        url: `hsm://127.0.0.1:${machine.port}`,
        secret: `file:${place.file("secret", SHARED)}`,
        deadlineMs: 500,
      },
    }),
  });
});
afterAll(async () => {
  await house.close();
  await machine.close();
});

const desk = (): Desk => house.desk;

async function waitsIn(state: string, command: string): Promise<void> {
  await desk().until(`the command to be ${state} and wait for the machine`, LIMIT_MS, async () => {
    const found = await desk().get(`/v1/commands/${command}`);
    return found["state"] === state && found["waitingFor"] === "cipher-machine" ? true : null;
  });
}

async function endsConfirmedOnce(command: string, address: string): Promise<void> {
  const end = await desk().commandIn(command, "confirmed", LIMIT_MS);
  expect(end["proof"]).toMatchObject({ verified: expect.any(String) as string });
  expect(end["attempts"]).toHaveLength(1);
  expect(await house.street.meter(address)).toMatchObject({ balance: "35.00", purchaseCount: 1, obeyed: { topUps: 1 } });
  expect(await desk().get(`/v1/accounts/${address.slice(2)}`)).toMatchObject({ available: "0.00", held: "0.00" });
}

test("before anything was sent: it waits again, and is sent once when the machine is back", async () => {
  const { port } = machine;
  await machine.close();
  const { command } = await desk().pay(NOT_SENT.slice(2), "25.00");
  await waitsIn("queued", command!);
  await house.dieAndRise();
  await waitsIn("queued", command!);
  expect((await house.street.meter(NOT_SENT)).obeyed["topUps"] ?? 0).toBe(0);
  machine = await machineAt(port);
  await endsConfirmedOnce(command!, NOT_SENT);
});

test("after the meter obeyed, when nobody can check what it shows: it is looked at again, and not sent again", async () => {
  await house.street.fault(SENT, { kind: "lost-reply", function: "03", di: "070102FF" });
  const { command } = await desk().pay(SENT.slice(2), "25.00");
  await desk().until("the meter to obey", LIMIT_MS, async () =>
    (await house.street.meter(SENT)).obeyed["topUps"] === 1 ? true : null,
  );
  machine.mode = "refusing";
  await waitsIn("verifying", command!);
  await house.dieAndRise();
  await waitsIn("verifying", command!);
  expect((await house.street.meter(SENT)).obeyed["topUps"]).toBe(1);
  machine.mode = "honest";
  await endsConfirmedOnce(command!, SENT);
  expect(machine.heard["protect-top-up"]).toBe(2);
});
