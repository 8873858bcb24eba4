/** Who goes first before the books: a payment at the counter and the order that restores a supply, and nobody else. */
import fastify from "fastify";
import { serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import { expect, test } from "vitest";
import type { ApiParts } from "../../src/api/books.ts";
import { installReplies } from "../../src/api/replies.ts";
import { paymentRoutes } from "../../src/api/routes/payments.ts";
import type { Views } from "../../src/api/views.ts";
import type { CommandKind } from "../../src/commands/command.ts";
import type { EngineCommandStore } from "../../src/commands/command-store.ts";
import type { Street } from "../../src/devices/meter.ts";
import { Jobs } from "../../src/house/jobs.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { Fault } from "../../src/kernel/faults.ts";
import { isInHaste } from "../../src/kernel/haste.ts";
import { CommandId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { Transaction } from "../../src/kernel/transaction.ts";
import { inMemoryQueue } from "../../src/queue/in-memory.ts";

test.each([
  ["reconnect", true],
  ["arm", true],
  ["disconnect", false],
  ["top-up", false],
] as const)("a command %s is run in haste: %s", async (kind: CommandKind, expected) => {
  const id = CommandId("01920000-0000-7000-8000-000000000001");
  const ran: boolean[] = [];
  const jobs = new Jobs({
    commands: {
      outlines: () => Promise.resolve([{ id, meter: MeterAddress("202611220001"), kind, bus: "line-1", isAnybodys: false }]),
    } as unknown as EngineCommandStore,
    queue: inMemoryQueue({ log: silentLog, clock: systemClock }),
    lanes: ["lane-1"],
    street: { meter: () => ({ bus: "line-1" }) } as unknown as Street,
    leases: { holds: () => true },
    lineOf: () => "line-1",
    run: async () => {
      await Promise.resolve(); // it goes along with what is waited for
      ran.push(isInHaste());
    },
    clock: systemClock,
    log: silentLog,
    publish: () => undefined,
  });
  await jobs.addDirect([id]);
  await expect.poll(() => ran).toEqual([expected]);
  expect(isInHaste()).toBe(false);
});

test("a payment at the door is taken in haste, and giving it back is not", async () => {
  const seen: boolean[] = [];
  const app = fastify();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  installReplies(app, silentLog);
  const refused = (): Promise<never> => Promise.reject(new Fault("unknown-account", { account: "1000000001" }));
  const parts = {
    transactor: {
      transact: async (work: (tx: Transaction) => Promise<unknown>) => {
        await Promise.resolve();
        seen.push(isInHaste());
        return work({} as Transaction);
      },
    },
    payments: { take: refused },
    refunds: { refund: refused },
  } as unknown as ApiParts;
  paymentRoutes(app, parts, null as unknown as Views); // nothing is shown of what is refused
  const payload = { account: "1000000001", amount: "10.00", channel: "bank", orderId: "o-1" };
  expect((await app.inject({ method: "POST", url: "/v1/payments", payload })).statusCode).toBe(404);
  const url = "/v1/payments/01920000-0000-7000-8000-000000000001/refund";
  expect((await app.inject({ method: "POST", url, payload: { reason: "paid by mistake" } })).statusCode).toBe(404);
  expect(seen).toEqual([true, false]);
  await app.close();
});
