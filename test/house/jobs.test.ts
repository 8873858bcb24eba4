/** From a committed command to its place on a line, when something goes wrong on the way. */
import { expect, test } from "vitest";
import type { EngineCommandStore } from "../../src/commands/command-store.ts";
import type { Street } from "../../src/devices/meter.ts";
import { Jobs } from "../../src/house/jobs.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { Fault } from "../../src/kernel/faults.ts";
import { CommandId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog, type Logger } from "../../src/kernel/log.ts";
import { inMemoryQueue } from "../../src/queue/in-memory.ts";

test("a database that goes away while a command is taken up is told of, and the command is due again when it is back", async () => {
  const id = CommandId("01920000-0000-7000-8000-000000000001");
  const meter = MeterAddress("202611220001");
  const told: string[] = [];
  const log: Logger = { ...silentLog, warn: (_fields, message) => void told.push(message) };
  let tries = 0;
  let isAway = true;
  const due: CommandId[] = [];
  const jobs = new Jobs({
    commands: {
      outlines: () => Promise.resolve([{ id, meter, kind: "top-up", bus: "line-1", isAnybodys: false }]),
      putBack: (ids: readonly CommandId[]) => {
        if (isAway) return Promise.reject(new Fault("database-unreachable", { why: "it is being restarted" }));
        due.push(...ids);
        return Promise.resolve();
      },
    } as unknown as EngineCommandStore,
    queue: inMemoryQueue({ log, clock: systemClock }),
    lanes: ["lane-1"],
    street: { meter: () => ({ bus: "line-1" }) } as unknown as Street,
    leases: { holds: () => true },
    lineOf: () => "line-1",
    run: () => {
      tries += 1;
      return tries === 1
        ? Promise.reject(new Fault("database-unreachable", { why: "it is being restarted" }))
        : Promise.resolve();
    },
    clock: systemClock,
    log,
    publish: () => undefined,
  });
  await jobs.start();
  await jobs.add([id]);
  await expect.poll(() => told).toEqual(["a command could not be looked at; it will be looked at again"]);
  await expect.poll(() => jobs.has(id)).toBe(false);
  await expect(jobs.putBackDropped()).rejects.toThrow("restarted");
  isAway = false;
  await jobs.putBackDropped();
  await jobs.putBackDropped();
  expect(due).toEqual([id]);
  await jobs.add([id]);
  await expect.poll(() => tries).toBe(2);
  expect(told).toHaveLength(1); // and vitest ends with an error where a promise was forgotten
});

test("a command whose meter has left the street goes to whoever holds its line by the books, and out of time to anybody", async () => {
  const meter = MeterAddress("202611220001");
  const ids = ["here", "elsewhere", "over"].map((end) => CommandId(end));
  const buses: Readonly<Record<string, string>> = { here: "ours", elsewhere: "theirs", over: "gone" };
  const [ran, putBack] = [[] as CommandId[], [] as CommandId[]];
  const jobs = new Jobs({
    commands: {
      outlines: () =>
        Promise.resolve(ids.map((id) => ({ id, meter, kind: "top-up", bus: buses[id], isAnybodys: id === CommandId("over") }))),
      putBack: (those: readonly CommandId[]) => Promise.resolve(void putBack.push(...those)),
    } as unknown as EngineCommandStore,
    queue: inMemoryQueue({ log: silentLog, clock: systemClock }),
    lanes: ["lane-1"],
    street: { meter: () => undefined } as unknown as Street,
    leases: { holds: (bus) => bus === "ours" },
    lineOf: () => "line-1",
    run: (id) => Promise.resolve(void ran.push(id)),
    clock: systemClock,
    log: silentLog,
    publish: () => undefined,
  });
  await jobs.addDirect(ids);
  await expect.poll(() => ran).toEqual(["here", "over"]);
  expect(putBack).toEqual(["elsewhere"]);
});
