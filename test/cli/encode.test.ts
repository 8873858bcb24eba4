/** `meterctl encode`: every function of both editions from a terminal's words, and each word that cannot be is named. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { listForms, placesOf } from "../../src/cli/encode.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { yuan } from "../../src/kernel/money.ts";
import { STANDARD } from "../../src/protocols/dlt645/choices.ts";
import { formNames } from "../../src/protocols/dlt645/forms.ts";
import { encodeFrame, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import { writeRequest } from "../../src/protocols/dlt645/speaking.ts";
import type { Request } from "../../src/protocols/dlt645/speaking.ts";
import { requestOf } from "../protocols/arbitraries.ts";
import { goldenFrame } from "../protocols/golden-frames.ts";
import { meterctl } from "./terminal.ts";

const encode = async (...words: string[]): Promise<string> => {
  const { code, out, error } = await meterctl(["encode", ...words]);
  expect({ code, error }).toEqual({ code: 0, error: "" });
  return out.trim();
};
const A = "202611220001";

describe("what an engineer types", () => {
  const golden = (key: string): string => hexBytes(goldenFrame(key)).replace(/^(?:FE )+/, "");

  test.each([
    ["E1.1 Request", ["read-address"]],
    ["E2.1 Request", ["read", "112233445566", "importedEnergy"]],
    [
      "E6.1 Request",
      ["write", "112233445566", "0400010C", "level=04", "password=123456", "operator=00000001", "value=26070303081500"],
    ],
    ["E7.1 Request", ["broadcast-time", "all", "2026-07-03 08:15:30"]],
    ["E8.1 Request, instant", ["freeze", "112233445566", "99999999"]],
    ["E9.1 Request", ["change-baud", "112233445566", "9600"]],
    [
      "E11.1 Request",
      [
        "relay",
        "112233445566",
        "level=02",
        "password=123456",
        "operator=00000001",
        "order=disconnect",
        "deadline=2026-07-03 23:59:59",
      ],
    ],
    ["E17.1 Request", ["write-address", "202607030001"]],
    [
      "F8 top-up",
      [
        "top-up",
        A,
        "operator=00000001",
        "amount=100.00",
        "purchaseCount=8",
        "mac1=A4A3A2A1",
        "customerNumber=000000123456",
        "mac2=B4B3B2B1",
      ],
    ],
  ] as const)("%s", async (key, words) => {
    expect(await encode(...words)).toBe(golden(key));
  });

  test("wake-up bytes stand before it when they are asked for", async () => {
    expect(await encode("read", A, "00900200", "--preamble", "4")).toBe(`FE FE FE FE ${await encode("read", A, "00900200")}`);
  });

  test("a password may stay out of the list of processes", async () => {
    const order = (password: string): string[] => ["clear-demand", A, "level=04", password];
    const { code, out } = await meterctl(["encode", ...order("password=env:RELAY")], { RELAY: "123456" });
    expect(code).toBe(0);
    expect(out.trim()).toBe(await encode(...order("password=123456")));
  });
});

/** The way back: a value as somebody would type it. */
function typed(value: unknown): string {
  if (value instanceof Secret) return String(value.open());
  if (value instanceof Uint8Array) return hexBytes(value, "");
  if (typeof value === "bigint") return yuan(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value))
    return (value as { key: Uint8Array; info: Uint8Array }[]).map(({ key, info }) => `${typed(key)}:${typed(info)}`).join(",");
  return String(value);
}

test.each(formNames)("%s: whatever may be said can be typed", async (name) => {
  await fc.assert(
    fc.asyncProperty(requestOf(name, STANDARD), async (values) => {
      const bytes = encodeFrame(writeRequest(values as unknown as Request));
      const words = placesOf(name).map((place) => `${place}=${typed(values[place])}`);
      expect(await encode(name, values.address, ...words)).toBe(hexBytes(bytes));
    }),
    { seed: 645, numRuns: 20 },
  );
});

test("the list shows every function with its places", async () => {
  const lines = (await encode("--list")).split("\n");
  expect(lines).toHaveLength(formNames.length);
  expect(lines).toContain("write                  ADDRESS di level password [operator=00000000] data");
  expect(listForms()).toBe(lines.join("\n"));
});

describe("what cannot be said ends with 2, and names the place", () => {
  test.each([
    [["dance"], /no function "dance".*--list/],
    [[], /which function/i],
    [["read"], /address is missing: encode read ADDRESS/],
    [["read", A], /^di: is missing/],
    [["read", A, "balanse"], /^di: "balanse" is no data item/],
    [["read", "12345", "balance"], /^address: .*12345/],
    [["read", A, "balance", "7"], /"7" is one word too many/],
    [["read", A, "di=balance", "screen=1"], /no place "screen"; it takes: di/],
    [["read-on", A, "03300501", "0"], /^sequence: .*1 to 255/],
    [["write", "AAAAAAAAAAAA", "0400010C", "level=04", "password=123456", "value=2026-11-22 10:05:00"], /^address: .*one meter/],
    [["write", A, "0400010C", "level=04", "password=12345", "value=2026-11-22 10:05:00"], /^password: .*six digits/],
    [["write", A, "0400010C", "level=04", "password=123456", "value=2026-13-22 10:05:00"], /MM is 1 to 12/],
    [["write", A, "04DFDFDB", "level=04", "password=123456", "value=1"], /^value: nobody has described 04DFDFDB/],
    [["clear-demand", A, "level=04", "password=env:NOT_THERE"], /^password: the environment has no NOT_THERE/],
    [["change-baud", A, "1234"], /^baud: .*600, 1200/],
    [["freeze", "all", "99013099"], /^freezeAt: /],
    [["top-up", A, "operator=1", "amount=1.00"], /^operator: /],
    [["top-up", A, "amount=1.005"], /amount/],
    [["relay", A, "level=02", "password=000000", "order=dance", "deadline=2026-11-22 10:30:00"], /^order: .*disconnect/],
  ] as const)("%j", async (words, named) => {
    const { code, out, error } = await meterctl(["encode", ...words]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(error).toMatch(named);
    expect(error).not.toContain("12345.");
  });
});
