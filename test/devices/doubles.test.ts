/** When a line is known to say things twice. */
import { expect, test } from "vitest";
import { DOUBLE_MEMORY_MS, DOUBLE_REST_MS, Doubles } from "../../src/devices/doubles.ts";
import { HandClock } from "../transports/hand-clock.ts";

const one = Uint8Array.of(0x68, 1);
const other = Uint8Array.of(0x68, 2);

test("only a copy of what was believed last is a double; a neighbour's frame and a late reply are none", () => {
  const doubles = new Doubles(new HandClock());
  doubles.stray(one);
  doubles.took(one);
  doubles.stray(other);
  expect(doubles.restMs).toBe(0);
  doubles.stray(Uint8Array.from(one));
  expect(doubles.restMs).toBe(DOUBLE_REST_MS);
});

test("it is forgotten ten minutes after the last copy", () => {
  const clock = new HandClock();
  const doubles = new Doubles(clock);
  doubles.took(one);
  doubles.stray(one);
  clock.advance(DOUBLE_MEMORY_MS - 1);
  expect(doubles.restMs).toBe(DOUBLE_REST_MS);
  clock.advance(1);
  expect(doubles.restMs).toBe(0);
});
