/** Our own request, byte for byte and directly after it was sent, is taken out of what is heard; nothing else ever is. */
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { EchoCanceller } from "../../src/devices/echo.ts";
import { encodeFrame } from "../../src/protocols/dlt645/index.ts";
import { A, readReplyTo, readRequest } from "./far-meter.ts";

const request = encodeFrame(readRequest(A), { preamble: 4 });
const bare = request.subarray(4);
const reply = encodeFrame(readReplyTo(readRequest(A)), { preamble: 4 });
const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
const canceller = (sent: Uint8Array | null = request) => {
  const onEcho = vi.fn();
  const it = new EchoCanceller(onEcho);
  if (sent !== null) it.sent(sent);
  return { it, onEcho };
};
/** Without wake-up bytes, which mean nothing wherever they stand. */
const heard = (it: EchoCanceller, ...chunks: readonly Uint8Array[]): number[] => {
  const out = joined(...chunks.map((chunk) => it.hear(chunk)), it.release());
  return [...out.subarray(out.findIndex((byte) => byte !== 0xfe))];
};

test("an echo in any pieces, with any number of its wake-up bytes, glued to the reply or not, leaves the reply alone", () => {
  fc.assert(
    fc.property(fc.nat(4), fc.array(fc.nat(60), { maxLength: 6 }), (wakeUps, cuts) => {
      const { it, onEcho } = canceller();
      const stream = joined(request.subarray(4 - wakeUps), reply);
      const at = [0, ...cuts.filter((cut) => cut < stream.length).sort((a, b) => a - b), stream.length];
      const chunks = at.slice(1).map((to, n) => stream.subarray(at[n], to));
      expect(heard(it, ...chunks)).toEqual([...reply.subarray(4)]);
      expect(onEcho).toHaveBeenCalledTimes(1);
    }),
  );
});

test("a reply begins as its request does and is never mistaken for it, however it is cut", () => {
  for (let cut = 0; cut <= reply.length; cut += 1) {
    const { it, onEcho } = canceller();
    expect(heard(it, reply.subarray(0, cut), reply.subarray(cut))).toEqual([...reply.subarray(4)]);
    expect(onEcho).not.toHaveBeenCalled();
  }
});

test("an echo with one wrong bit is no echo: every byte of it is passed on", () => {
  for (let at = 0; at < bare.length; at += 1) {
    const { it, onEcho } = canceller();
    const spoiled = Uint8Array.from(bare);
    spoiled[at]! ^= 0x10;
    expect(heard(it, spoiled)).toEqual([...spoiled]);
    expect(onEcho).not.toHaveBeenCalled();
  }
});

test("one request has one echo; a second is passed on, and can still be told for what it is", () => {
  const { it, onEcho } = canceller();
  expect(heard(it, joined(bare, bare))).toEqual([...bare]);
  expect(onEcho).toHaveBeenCalledTimes(1);
  expect(it.isEcho(bare)).toBe(true);
  expect(it.isEcho(reply.subarray(4))).toBe(false);
});

test("nothing was sent: everything is passed on", () => {
  const { it } = canceller(null);
  expect(heard(it, request)).toEqual([...bare]);
  expect(it.isEcho(new Uint8Array(0))).toBe(false);
});

test("half an echo and then silence: the half is given back", () => {
  const { it, onEcho } = canceller();
  expect(it.hear(bare.subarray(0, 9))).toHaveLength(0);
  expect(it.heldBytes).toBe(9);
  expect([...it.release()]).toEqual([...bare.subarray(0, 9)]);
  expect(it.heldBytes).toBe(0);
  expect(onEcho).not.toHaveBeenCalled();
});
