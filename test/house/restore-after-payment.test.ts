/** The bench of restores, small: who was cut by the rules pays through the door, and the meter shows supply; over MQTT, and on a line at 9600 baud. */
import { afterEach, expect, test } from "vitest";
import { onSerial, overMqtt } from "../bench/restores.ts";
import { runRestores, wireOf } from "../bench/restores-run.ts";
import { Workshop } from "../bench/workshop.ts";

let workshop: Workshop | undefined;
afterEach(() => workshop?.close());

test("over MQTT each who pays has supply again, ordered once, and feeders spread what comes at once", async () => {
  workshop = new Workshop(() => undefined);
  const { ground, meters } = await overMqtt(workshop, 30, { feeder: 5 });
  const result = await runRestores({ ground, meters, cut: 15, atATime: 15, pollSeconds: 3 });
  expect(result.wrong).toEqual([]);
  expect(result.tookMs).toHaveLength(15);
  expect(result.exchangesPerSecond).toBeGreaterThan(0);
}, 240_000);

test("on a line at 9600 baud the bytes of one restore take less than five seconds of it", async () => {
  workshop = new Workshop(() => undefined);
  const { ground, meters } = await onSerial(workshop, 6);
  const result = await runRestores({ ground, meters, cut: 3, atATime: 1, pollSeconds: 3, oneByOne: true });
  expect(result.wrong).toEqual([]);
  for (const span of result.spans) {
    const { wireMs, exchanges } = await wireOf(ground, span, { baud: 9_600, wakeUps: 4 });
    expect(exchanges).toBeGreaterThan(2);
    expect(wireMs).toBeGreaterThan(100);
    expect(wireMs).toBeLessThan(5_000);
  }
}, 240_000);
