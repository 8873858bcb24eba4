/** The record of the last bytes: both ways, bounded, and longer-lived than the transport. */
import { expect, test } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { MemoryWire } from "../../src/transports/memory.ts";
import { recording, RECORD_LENGTH_MAX, WireRecord } from "../../src/transports/recording.ts";

test("both directions are noted in order, over a reconnect, and no more than the limit is kept", async () => {
  const wire = new MemoryWire();
  const record = new WireRecord(systemClock);
  const first = recording(wire.transport(), record);
  await first.open();
  await first.send(Uint8Array.of(1));
  wire.far.send(Uint8Array.of(2));
  await Promise.resolve();
  await first.close();
  await first.send(Uint8Array.of(99)).catch(() => undefined);
  const second = recording(wire.transport(), record);
  await second.open();
  await second.send(Uint8Array.of(3));
  expect(record.last().map(({ direction, bytes }) => `${direction} ${bytes.join(" ")}`)).toEqual([
    "sent 1",
    "received 2",
    "sent 3",
  ]);
  for (let n = 0; n < RECORD_LENGTH_MAX; n += 1) await second.send(Uint8Array.of(4));
  expect(record.last()).toHaveLength(RECORD_LENGTH_MAX);
  expect(record.last()[0]?.bytes).toEqual(Uint8Array.of(4));
  await second.close();
});
