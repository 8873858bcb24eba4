/**
 * Laws that hold for every form of every function, under every choice: what is encoded is heard again, what is answered is read
 * again, nothing damaged passes for an answer, and no bytes make anybody throw.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Secret } from "../../src/kernel/secret.ts";
import { answer } from "../../src/protocols/dlt645/answering.ts";
import type { Answer } from "../../src/protocols/dlt645/answering.ts";
import { addressFits, attentionOf } from "../../src/protocols/dlt645/addressing.ts";
import { STANDARD } from "../../src/protocols/dlt645/choices.ts";
import type { Choices } from "../../src/protocols/dlt645/choices.ts";
import { dissect } from "../../src/protocols/dlt645/dissect.ts";
import { namesOfRelayResult } from "../../src/protocols/dlt645/error-word.ts";
import { explain } from "../../src/protocols/dlt645/explain.ts";
import { formNamed, formNames } from "../../src/protocols/dlt645/forms.ts";
import type { FormName } from "../../src/protocols/dlt645/forms.ts";
import { EVERY_METER, decodeFrame, encodeFrame, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import type { Frame } from "../../src/protocols/dlt645/frame.ts";
import { cut } from "../../src/protocols/dlt645/forms/layout.ts";
import type { Layout } from "../../src/protocols/dlt645/forms/layout.ts";
import { maskedHex } from "../../src/protocols/dlt645/masked-hex.ts";
import { printExplanation } from "../../src/protocols/dlt645/print-explanation.ts";
import { readReply, readValues } from "../../src/protocols/dlt645/replies.ts";
import { readRequest, writeRequest } from "../../src/protocols/dlt645/speaking.ts";
import type { RequestOf } from "../../src/protocols/dlt645/speaking.ts";
import { everyChoice, meterMeantBy, replyOf, requestOf } from "./arbitraries.ts";
import type { AnyValues } from "./arbitraries.ts";

const RUNS = { seed: 645, numRuns: 60 };
const FEW = { seed: 645, numRuns: 3 };
const MANY = { seed: 645, numRuns: 1_000 };

type AnyRequest = AnyValues & { is: FormName; address: string };
const written = (request: AnyRequest, choices: Choices): Frame =>
  writeRequest(request as unknown as RequestOf<FormName>, choices);
const answered = (request: AnyRequest, say: object, choices: Choices): Frame =>
  answer(request as unknown as RequestOf<FormName>, say as Answer<FormName>, {
    choices,
    ...(request["newAddress"] === undefined ? { address: meterMeantBy(request.address) } : {}),
  });

/** Secrets are objects; they are the same when they open alike. */
const opened = (values: object): AnyValues =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value instanceof Secret ? `opened ${String(value.open())}` : value]),
  );
/** The choices under which a form is heard, and the standard where it is. */
const home = (name: FormName): Choices =>
  [STANDARD, ...everyChoice.map(([, choices]) => choices)].find((choices) => formNamed(name, choices).heardIf(choices))!;
const heardUnder = (choices: Choices): FormName[] => formNames.filter((name) => formNamed(name, choices).heardIf(choices));

function speaksAndHears(name: FormName, choices: Choices, runs: fc.Parameters<unknown>): void {
  fc.assert(
    fc.property(requestOf(name, choices), (request) => {
      expect(opened(readRequest(written(request, choices), choices))).toEqual(opened(request));
    }),
    runs,
  );
}

describe("what is asked is heard again", () => {
  test.each(formNames)("%s", (name) => speaksAndHears(name, home(name), RUNS));

  test.each(everyChoice)("under %s, every form that is heard there", (_title, choices) => {
    for (const name of heardUnder(choices)) speaksAndHears(name, choices, FEW);
  });
});

/** 15H, 13H and their like: 2007 has no answer to a broadcast. */
const canBeAnswered = (name: FormName, request: AnyRequest): boolean =>
  request.address !== EVERY_METER || formNamed(name).version === "1997";

function answersAndReads(name: FormName, choices: Choices, runs: fc.Parameters<unknown>): void {
  const form = formNamed(name, choices);
  fc.assert(
    fc.property(requestOf(name, choices), replyOf(name, choices), (request, values) => {
      fc.pre(canBeAnswered(name, request));
      const asked = written(request, choices);
      const reply = answered(request, { is: "done", values }, choices);
      const heard = readReply(asked, reply, choices);
      if (form.refusal === "relay") {
        const told =
          choices.relayReply === "extended" || (choices.relayReply === "as-asked" && request["extendedReply"] === true);
        const result = told && typeof values["result"] === "number" ? namesOfRelayResult(values["result"]) : [];
        expect(heard).toEqual({ is: "acknowledged", result });
      } else if (form.parts) {
        const data = values["data"] as Uint8Array;
        expect(heard).toEqual(
          data.length === 0 && form.code !== 0x12 && form.code !== 0x02 ? { is: "no-data" } : { is: "value", bytes: data },
        );
        const part = readReply(asked, answered(request, { is: "more", values }, choices), choices);
        if (data.length > 0) expect(part).toEqual({ is: "more", bytes: data });
      } else if (heard.is === "value") {
        expect(readValues(name, heard.bytes, choices)).toEqual({ values });
      } else {
        expect(heard).toEqual({ is: "acknowledged", result: [] });
        // Only where there was nothing to tell.
        expect(Object.keys(values).filter((each) => (values[each] as Uint8Array).length !== 0)).toEqual([]);
      }
    }),
    runs,
  );
}

describe("what is answered is read again", () => {
  test.each(formNames)("%s", (name) => answersAndReads(name, home(name), RUNS));

  test.each(everyChoice)("under %s, every form that is heard there", (_title, choices) => {
    for (const name of heardUnder(choices)) answersAndReads(name, choices, FEW);
  });

  test.each(formNames.filter((name) => formNamed(name).refusal !== "none"))("a refusal of %s, every bit of it", (name) => {
    const choices = home(name);
    fc.assert(
      fc.property(requestOf(name, choices), fc.integer({ min: 0, max: 0xffff }), (request, word) => {
        fc.pre(canBeAnswered(name, request));
        const wide = formNamed(name).refusal === "SERR" || request["extendedReply"] === true;
        const code = wide ? word : word & 0xff;
        const heard = readReply(written(request, choices), answered(request, { is: "refused", word: code }, choices), choices);
        expect(heard).toMatchObject({
          is: "refused",
          code: code
            .toString(16)
            .toUpperCase()
            .padStart(wide ? 4 : 2, "0"),
        });
      }),
      RUNS,
    );
  });
});

describe("nothing damaged passes", () => {
  const anything = fc
    .constantFrom(...formNames)
    .chain((name) =>
      fc.tuple(
        fc.constant(name),
        requestOf(name, home(name)),
        replyOf(name, home(name)),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
      ),
    );

  test("a reply with one bit turned is no frame", () => {
    fc.assert(
      fc.property(anything, ([name, request, values, at]) => {
        fc.pre(canBeAnswered(name, request));
        const bytes = encodeFrame(answered(request, { is: "done", values }, home(name)));
        const bit = at % (bytes.length * 8);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        expect(decodeFrame(bytes)).toHaveProperty("fault");
      }),
      MANY,
    );
  });

  test("a reply that echoes anything else than was asked is no yes and no value", () => {
    const seen = new Set<FormName>();
    fc.assert(
      fc.property(anything, ([name, request, values, at, by]) => {
        const choices = home(name);
        fc.pre(canBeAnswered(name, request));
        const form = formNamed(name, choices);
        const reply = answered(request, { is: "done", values }, choices);
        const echoes: number[] = [];
        let from = 0;
        for (const { slot, wire } of cut(form.reply as Layout, reply.data)) {
          if (slot.kind === "echo" || slot.kind === "hidden") for (let i = 0; i < wire.length; i += 1) echoes.push(from + i);
          from += wire.length;
        }
        fc.pre(echoes.length > 0);
        seen.add(name);
        const place = echoes[at % echoes.length]!;
        const heard = readReply(
          written(request, choices),
          { ...reply, data: reply.data.with(place, (reply.data[place]! + by) & 0xff) },
          choices,
        );
        expect(heard.is).toMatch(/^(?:not-ours|malformed)$/);
      }),
      { seed: 645, numRuns: 3_000 },
    );
    expect(seen.size).toBeGreaterThan(25);
  });
});

describe("any bytes", () => {
  const frame = fc.record({
    address: fc.constantFrom("202611220001", "AAAAAAAAAAAA", "999999999999"),
    control: fc.integer({ min: 0, max: 255 }),
    data: fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      // Behind a head that several forms begin with, so that more than the first look is taken.
      fc
        .tuple(
          fc.constantFrom(
            [0xff, 0, 0, 7],
            [0xff, 1, 0x80, 7],
            [0xff, 2, 1, 7],
            [0xff, 3, 1, 7],
            [0xff, 8, 1, 7],
            [0, 3, 4, 4],
            [3, 12, 0, 4, 2],
          ),
          fc.uint8Array({ maxLength: 40 }),
        )
        .map(([head, rest]) => Uint8Array.of(...head, ...rest)),
    ),
  });

  test("are heard, read and explained, and nobody throws", () => {
    fc.assert(
      fc.property(frame, frame, fc.constantFrom(...everyChoice), (request, reply, [, choices]) => {
        expect(readRequest(request, choices).is).toBeTypeOf("string");
        expect(readReply(request, reply, choices).is).toBeTypeOf("string");
        expect(attentionOf(request, "202611220001")).toMatch(/^(?:answer|obey|ignore)$/);
        for (const each of [request, reply]) {
          const { segments } = dissect(each, choices);
          expect(segments.reduce((sum, segment) => sum + segment.bytes, 0)).toBe(each.data.length);
          const bytes = encodeFrame(each);
          expect(explain(bytes)).toHaveLength(1);
          expect(maskedHex(bytes)).toHaveLength(hexBytes(bytes).length);
          expect(printExplanation(explain(bytes))).toContain("checksum");
        }
        for (const name of formNames) expect(Object.keys(readValues(name, reply.data, choices))[0]).toMatch(/^(?:values|fault)$/);
      }),
      MANY,
    );
  });

  test("a meter says in words what it could not hear", () => {
    fc.assert(
      fc.property(frame, (request) => {
        const heard = readRequest(request);
        if (heard.is === "malformed") expect(heard.why.length).toBeGreaterThan(5);
      }),
      RUNS,
    );
  });
});

describe("passwords", () => {
  const withPassword = formNames.filter((name) =>
    (formNamed(name).request as Layout).places.some(({ slot }) => slot.pattern === "password"),
  );

  test("stand in so many forms", () => {
    expect(withPassword.length).toBeGreaterThan(11);
  });

  test.each(withPassword)("%s hides them, cut short, prolonged and with any level", (name) => {
    const choices = home(name);
    const { places } = formNamed(name, choices).request as Layout;
    fc.assert(
      fc.property(
        requestOf(name, choices),
        fc.nat(),
        fc.uint8Array({ maxLength: 4 }),
        fc.option(fc.integer({ min: 0, max: 0x95 })),
        (request, cutAt, more, level) => {
          const whole = written(request, choices);
          const data = Uint8Array.of(...whole.data, ...more);
          const secretAt: number[] = [];
          let at = 0;
          for (const { name: place, slot, wire } of cut({ ...formNamed(name, choices).request } as Layout, whole.data)) {
            if (slot.pattern === "password") secretAt.push(at, at + 1, at + 2);
            // One level is spoiled: the first.
            if (/^(?:level|oldLevel)$/.test(place) && level !== null) data[at] = level;
            at += wire.length;
          }
          const damaged = data.slice(0, more.length > 0 ? data.length : cutAt % (data.length + 1));
          let from = 0;
          const hidden = new Set<number>();
          for (const segment of dissect({ ...whole, data: damaged }, choices).segments) {
            if (segment.secret === true) for (let i = 0; i < segment.bytes; i += 1) hidden.add(from + i);
            from += segment.bytes;
          }
          expect(secretAt.filter((each) => each < damaged.length && !hidden.has(each))).toEqual([]);
          expect(JSON.stringify(readRequest(whole, choices))).not.toContain("opened");
        },
      ),
      RUNS,
    );
    expect(places.length).toBeGreaterThan(1);
  });

  test.each(withPassword)("%s prints them as dots", (name) => {
    fc.assert(
      fc.property(requestOf(name, home(name)), (request) => {
        const heard = readRequest(written(request, home(name)), home(name));
        const secrets = Object.values(heard).filter((value): value is Secret<string> => (value as unknown) instanceof Secret);
        expect(secrets.length).toBeGreaterThan(0);
        for (const secret of secrets) expect(JSON.stringify({ secret })).toBe('{"secret":"••••"}');
      }),
      FEW,
    );
  });
});

describe("addresses", () => {
  const digits = fc
    .array(fc.constantFrom(...Array.from("0123456789")), { minLength: 12, maxLength: 12 })
    .map((all) => all.join(""));

  test("AA means any two digits from the top down, and nobody after a digit", () => {
    fc.assert(
      fc.property(digits, fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 5 }), (own, any, at) => {
        const asked = own.slice(2 * any).padStart(12, "A");
        expect(addressFits(asked, own)).toBe(true);
        const other = `${own.slice(0, 2 * at)}${own.slice(2 * at, 2 * at + 2) === "00" ? "11" : "00"}${own.slice(2 * at + 2)}`;
        expect(addressFits(asked, other)).toBe(at < any);
        // A wildcard below a digit
        if (at >= any && at < 5)
          expect(addressFits(`${asked.slice(0, 2 * at + 2)}AA${asked.slice(2 * at + 4)}`, own)).toBe(false);
      }),
      MANY,
    );
  });
});
