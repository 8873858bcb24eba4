/** Frames as some tools make them: the address as printed, the sum from elsewhere. Worked by hand from the standard's frame. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { STANDARD, choiceTopics, choicesWith } from "../../src/protocols/dlt645/choices.ts";
import { explain } from "../../src/protocols/dlt645/explain.ts";
import { bytesOfHex, decodeFrame, encodeFrame, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import { decodeFrameFor, encodeFrameFor } from "../../src/protocols/dlt645/framing.ts";
import { securityName } from "../../src/protocols/dlt645/security-identifiers.ts";
import { frame } from "./both-sides.ts";

const read = { address: "202611220001", control: 0x11, data: bytesOfHex("00000100") };
const hexFor = (others: Parameters<typeof choicesWith>[0]) => hexBytes(encodeFrameFor(choicesWith(others), read), "");

describe("a frame", () => {
  test.each([
    // 68 01 00 22 11 26 20 68 11 04 33 33 34 33: 2 × 68 + 7A + 15 + CD = 22C
    [{}, "68010022112620681104333334332C16"],
    [{ addressOrder: "as-printed" }, "68202611220001681104333334332C16"],
    // 68 + 15 + CD = 14A
    [{ checksumFrom: "second-68" }, "68010022112620681104333334334A16"],
    // 2 × 68 + 15 + CD = 1B2
    [{ checksumFrom: "without-address" }, "6801002211262068110433333433B216"],
    [{ addressOrder: "as-printed", checksumFrom: "second-68" }, "68202611220001681104333334334A16"],
  ] as const)("under %j", (others, hex) => {
    expect(hexFor(others)).toBe(hex);
    expect(decodeFrameFor(choicesWith(others), bytesOfHex(`FEFE${hex}`))).toEqual({ frame: read });
  });

  test("may have wake-up bytes before it, which are in no sum", () => {
    const choices = choicesWith({ addressOrder: "as-printed", checksumFrom: "without-address" });
    expect(hexBytes(encodeFrameFor(choices, read, { preamble: 2 }), "")).toBe("FEFE6820261122000168110433333433B216");
  });

  test("with another sum is none, and that of the standard is another", () => {
    const choices = choicesWith({ checksumFrom: "second-68" });
    expect(decodeFrameFor(choices, encodeFrame(read))).toEqual({ fault: "checksum at offset 14 is 2C, computed 4A" });
    expect(decodeFrame(encodeFrameFor(choices, read))).toEqual({ fault: "checksum at offset 14 is 4A, computed 2C" });
  });

  test("that is cut short or goes on is named as everywhere", () => {
    const choices = choicesWith({ addressOrder: "as-printed", checksumFrom: "second-68" });
    const whole = encodeFrameFor(choices, read);
    for (const bytes of [whole.subarray(0, 13), whole.subarray(0, 5), new Uint8Array(0), Uint8Array.of(0xfe)])
      expect(decodeFrameFor(choices, bytes)).toEqual(decodeFrame(bytes));
    expect(decodeFrameFor(choices, Uint8Array.of(...whole, 0))).toEqual({ fault: "1 bytes stand behind the end byte" });
    expect(decodeFrameFor(choices, whole.with(-1, 0x17))).toEqual({ fault: "end byte at offset 15 is 17, not 16" });
  });

  test("comes back whatever it is, under every choice, and the standard's own is the standard's", () => {
    const any = fc.record({
      address: fc.stringMatching(/^\d{12}$/),
      control: fc.integer({ min: 0, max: 255 }),
      data: fc.uint8Array({ maxLength: 60 }),
    });
    fc.assert(
      fc.property(any, (given) => {
        for (const addressOrder of choiceTopics.addressOrder.variants)
          for (const checksumFrom of choiceTopics.checksumFrom.variants) {
            const choices = choicesWith({ addressOrder, checksumFrom });
            expect(decodeFrameFor(choices, encodeFrameFor(choices, given))).toEqual({ frame: given });
          }
        expect(encodeFrameFor(STANDARD, given)).toEqual(encodeFrame(given));
      }),
      { numRuns: 50 },
    );
  });
});

test("which of two keys is the control key is told as the model has it, and else as the table does", () => {
  const names = (keyUpdateItem: (typeof choiceTopics.keyUpdateItem.variants)[number]) =>
    ["070201FF", "070202FF", "070203FF"].map((di) => securityName(di, choicesWith({ keyUpdateItem })));
  const table = ["updateControlKey", "updateParameterKey", "updateAuthenticationKey"];
  expect(names("alike")).toEqual(table);
  expect(names("01-control")).toEqual(table);
  expect(names("02-control")).toEqual(["updateParameterKey", "updateControlKey", "updateAuthenticationKey"]);
  expect(securityName("070201FF")).toBe("updateControlKey");
  const update = encodeFrame(frame(0x03, `FF01020700000001${"00".repeat(40)}`));
  expect(explain(update)[0]!.name).toBe("updateControlKey");
  expect(explain(update, 0, { choices: choicesWith({ keyUpdateItem: "02-control" }) })[0]!.name).toBe("updateParameterKey");
});
