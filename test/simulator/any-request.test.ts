/** Whatever bytes come in a whole frame: a meter answers in the forms of the standard or says nothing, and never breaks. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { bench } from "./support/frames.ts";
import { FunctionCode } from "../../simulator/wire.ts";
import { isFor } from "../../simulator/behaviours/address.ts";
import { hex, joined } from "../../simulator/bytes.ts";
import { dataItemBytes } from "../../simulator/wire.ts";

const METER = "202611220001";
const items = fc.constantFrom(
  ...["00010000", "03300501", "03300801", "03300000", "04010001", "04000106", "040502FF", "040605FF", "0400010C", "04000C03"],
  ...["04001204", "04001006", "04040300", "070102FF", "070000FF", "FFFFFFFF", "1D0001FF", "06000001"],
);
const heads = fc.constantFrom("02000000", "04111111", "98000000", "98000001", "99000000", "03000000");
const bytes = fc.uint8Array({ maxLength: 90 });
/** Random all through, or with a head that gets past the first door. */
const data = fc.oneof(
  bytes,
  fc.tuple(items, bytes).map(([di, rest]) => joined(dataItemBytes(di), rest)),
  fc
    .tuple(items, heads, bytes)
    .map(([di, head, rest]) => joined(dataItemBytes(di), Buffer.from(head, "hex"), new Uint8Array(4), rest)),
  fc.tuple(heads, bytes).map(([head, rest]) => joined(Buffer.from(head, "hex"), new Uint8Array(4), rest)),
);
const request = fc.record({
  address: fc.constantFrom(METER, METER, METER, "AAAAAAAAAAAA", "999999999999"),
  control: fc.oneof(fc.constantFrom(...Object.values(FunctionCode)), fc.integer({ min: 0, max: 255 })),
  data,
});
const habits = fc.record({
  programmingEnabled: fc.boolean(),
  pointToPointTime: fc.boolean(),
  keyState: fc.constantFrom("production" as const, "test" as const),
  model: fc.constantFrom("standard-wallet" as const, "remote-ledger" as const),
  controlBlock: fc.constantFrom("whole" as const, "fields" as const),
  readReplyMax: fc.constantFrom(12, 200, 255),
});

test("a long row of any requests", () => {
  fc.assert(
    fc.property(habits, fc.array(request, { minLength: 1, maxLength: 30 }), (plan, requests) => {
      const { meter, clock } = bench(plan);
      for (const frame of requests) {
        clock.ms += 60_000;
        if (!isFor(frame, meter.address)) continue;
        const answer = meter.hear(frame);
        if (answer === undefined || answer === "silent") continue;
        expect(frame.address).not.toBe("999999999999");
        const [told, function_] = [answer.control & 0xc0, answer.control & 0x1f];
        expect([0x80, 0xc0]).toContain(told);
        expect(function_).toBe(frame.control & 0x1f);
        const most = frame.control === FunctionCode.read || frame.control === FunctionCode.readOn ? plan.readReplyMax : 200;
        expect(answer.data.length, hex(answer.data)).toBeLessThanOrEqual(most);
        const isExtended = frame.control === FunctionCode.control && frame.data[0] === 0x98 && frame.data[3] === 0x01;
        if (told === 0xc0) expect(answer.data.length).toBe(frame.control === FunctionCode.security || isExtended ? 2 : 1);
      }
    }),
    { numRuns: 1_000 },
  );
});
