/** Long answers: what is asked next, and which parts are not joined. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answer } from "../../src/protocols/dlt645/answering.ts";
import type { Answer } from "../../src/protocols/dlt645/answering.ts";
import { STANDARD, choicesWith } from "../../src/protocols/dlt645/choices.ts";
import type { Choices } from "../../src/protocols/dlt645/choices.ts";
import type { FormName } from "../../src/protocols/dlt645/forms.ts";
import { bytesOfHex, decodeFrame, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import type { Frame } from "../../src/protocols/dlt645/frame.ts";
import { PARTS_MAX, PartsJoiner } from "../../src/protocols/dlt645/joining.ts";
import type { Joined } from "../../src/protocols/dlt645/joining.ts";
import * as requests from "../../src/protocols/dlt645/requests.ts";
import { readRequest } from "../../src/protocols/dlt645/speaking.ts";
import type { RequestOf } from "../../src/protocols/dlt645/speaking.ts";
import { goldenFrame } from "./golden-frames.ts";

const METER = "202611220001";
const golden = (key: string): Frame => {
  const decoded = decodeFrame(goldenFrame(key));
  if ("fault" in decoded) throw new Error(decoded.fault);
  return decoded.frame;
};

/** A meter that holds these bytes and gives them out in parts. */
function meterWith(parts: readonly Uint8Array[], choices: Choices = STANDARD): (asked: Frame) => Frame {
  let next = 0;
  return (asked) => {
    const heard = readRequest(asked, choices) as RequestOf<FormName>;
    const say = { is: next < parts.length - 1 ? "more" : "done", values: { data: parts[next]! } };
    next += 1;
    return answer(heard, say as Answer<FormName>, { choices });
  };
}

function askAll(joiner: PartsJoiner, meter: (asked: Frame) => Frame): Joined {
  for (;;) {
    const joined = joiner.take(meter(joiner.asked));
    if (joined.is !== "ask") return joined;
    expect(joined.request).toBe(joiner.asked);
  }
}

const firsts: readonly (readonly [title: string, first: Frame, choices: Choices])[] = [
  ["of 2007", requests.read(METER, "03300501"), STANDARD],
  ["of a load profile", requests.read(METER, "06000002", { blocks: 4 }), STANDARD],
  [
    "of a load profile, its fields repeated",
    requests.read(METER, "06000001", { blocks: 4, from: "2611220815" }),
    choicesWith({ readOnProfile: "repeated" }),
  ],
  ["of a meter that does not number", requests.read(METER, "03300501"), choicesWith({ partNumber: "missing" })],
  ["of 1997", requests.read(METER, "901F"), STANDARD],
];

describe("a long answer", () => {
  test.each(firsts)("%s is joined from its parts, cut anywhere", (_title, first, choices) => {
    const parts = fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(parts, (all) => {
        const joined = askAll(new PartsJoiner(first, choices), meterWith(all, choices));
        expect(joined).toEqual({ is: "joined", bytes: Uint8Array.from(all.flatMap((part) => [...part])), frames: all.length });
      }),
      { seed: 645, numRuns: 100 },
    );
  });

  test("of the worked example is asked for part by part", () => {
    const joiner = new PartsJoiner(golden("E15.1 Request 1"));
    expect(joiner.take(golden("E15.2 Reply 1"))).toEqual({ is: "ask", request: golden("E15.3 Request 2") });
    expect(joiner.take(golden("E15.4 Reply 2"))).toEqual({ is: "ask", request: golden("E15.5 Request 3") });
    const joined = joiner.take(golden("E15.6 Last reply"));
    expect(joined.is === "joined" && [joined.frames, hexBytes(joined.bytes, "")]).toEqual([
      3,
      "00300901072601000000030000020007030017",
    ]);
  });

  test("of 255 further parts is the longest", () => {
    const parts = Array.from({ length: PARTS_MAX + 1 }, (_, i) => Uint8Array.of(i & 0xff));
    expect(askAll(new PartsJoiner(firsts[0]![1]), meterWith(parts))).toMatchObject({ is: "joined", frames: 256 });
    expect(askAll(new PartsJoiner(firsts[0]![1]), meterWith([...parts, Uint8Array.of(1)]))).toEqual({
      is: "malformed",
      why: "more than 255 parts",
    });
  });
});

describe("parts that are not joined", () => {
  const begun = (): PartsJoiner => {
    const joiner = new PartsJoiner(golden("E15.1 Request 1"));
    joiner.take(golden("E15.2 Reply 1"));
    joiner.take(golden("E15.4 Reply 2"));
    return joiner;
  };
  /** A 92 or B2 of the worked example's meter. */
  const part = (hex: string, control = 0x92): Frame => ({ address: "112233445566", control, data: bytesOfHex(`01053003${hex}`) });

  test("one that came before is waited past, then the right one is taken", () => {
    const joiner = begun();
    expect(joiner.take(golden("E15.4 Reply 2"))).toEqual({ is: "not-ours", why: "part 1, not 2" });
    expect(joiner.take({ ...part("0002"), address: "112233445567" }).is).toBe("not-ours");
    expect(joiner.take(golden("E15.6 Last reply")).is).toBe("joined");
    // Whoever comes after that speaks of nothing that was asked.
    expect(joiner.take(golden("E15.6 Last reply")).is).toBe("not-ours");
  });

  test("one too far leaves a hole", () => {
    const joiner = begun();
    expect(joiner.take(part("030017" + "03"))).toMatchObject({
      is: "malformed",
      why: expect.stringContaining("a part is missing") as string,
    });
    // Bytes with a hole in them are not taken up again.
    expect(joiner.take(golden("E15.6 Last reply")).is).not.toBe("joined");
  });

  test("one without a number says so", () => {
    expect(begun().take(part("030017"))).toMatchObject({
      is: "malformed",
      why: expect.stringContaining("does not number its parts") as string,
    });
  });

  test("nothing, where the rest was promised", () => {
    expect(begun().take(part(""))).toMatchObject({ is: "malformed" });
    expect(begun().take({ ...part(""), data: new Uint8Array() })).toMatchObject({ is: "malformed" });
    expect(begun().take(part("02", 0xb2))).toEqual({ is: "malformed", why: "an empty part that promises more" });
  });

  test("a refusal ends it", () => {
    const joiner = begun();
    expect(joiner.take({ address: "112233445566", control: 0xd2, data: Uint8Array.of(2) })).toMatchObject({
      is: "refused",
      fault: "meter-no-data",
    });
    expect(joiner.take(golden("E15.6 Last reply")).is).toBe("not-ours");
  });

  test("no data at the first question is no data", () => {
    const joiner = new PartsJoiner(golden("F1 read balance"));
    expect(joiner.take(golden("X3 a read answered with L 00"))).toEqual({ is: "no-data" });
  });

  test("what has no parts is not joined", () => {
    expect(() => new PartsJoiner(golden("E8.1 Request, instant"))).toThrow("freeze is not answered in parts");
  });
});
