/** `meterctl encode`: every function of both editions from a terminal's words, and each word that cannot be is named. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encode as encodeByHand, listForms, placesOf } from "../../src/cli/encode.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { yuan } from "../../src/kernel/money.ts";
import { STANDARD, choicesWith } from "../../src/protocols/dlt645/choices.ts";
import { formNames } from "../../src/protocols/dlt645/forms.ts";
import { bytesOfHex, decodeFrame, encodeFrame, hexByte, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import { permit, profileOf } from "../../src/protocols/dlt645/profiles/index.ts";
import { readRequest, writeRequest } from "../../src/protocols/dlt645/speaking.ts";
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

describe("a model has its own forms", () => {
  const standard = profileOf("standard-wallet")!;
  const under = (others: Parameters<typeof choicesWith>[0], ...words: string[]): string => {
    const [name, ...rest] = words as [string, ...string[]];
    const model = { ...standard, functions: Array.from({ length: 32 }, (_, code) => code), choices: choicesWith(others) };
    return encodeByHand(name, rest, { preamble: 0, env: {}, model }).replaceAll(" ", "");
  };
  const data = (hex: string): string => Array.from(bytesOfHex(hex).slice(10, -2), (byte) => hexByte(byte - 0x33)).join("");
  const block = [`cipher=${"0102030405060708".repeat(2)}`, "mac=A1A2A3A4"];

  test("cipher and MAC of an order", () => {
    const order = ["relay-order-secured", A, "level=98", ...block];
    expect(data(under({}, ...order)).slice(16)).toBe(`A4A3A2A1${"0807060504030201".repeat(2)}`);
    expect(data(under({ controlBlock: "fields" }, ...order)).slice(16)).toBe(`${"0807060504030201".repeat(2)}A4A3A2A1`);
  });

  test("the numbers of a purse, the order of a key, the bits of a rate, the frame itself", () => {
    const topUp = [
      "top-up",
      A,
      "amount=50.00",
      "purchaseCount=12",
      "mac1=00000000",
      "customerNumber=000000123456",
      "mac2=00000000",
    ];
    expect(data(under({}, ...topUp)).slice(16, 32)).toBe("881300000C000000");
    expect(data(under({ purseNumbers: "bcd" }, ...topUp)).slice(16, 32)).toBe("0050000012000000");
    const key = ["update-key", A, "070201FF", "info=01020304", "mac=A1A2A3A4", `key=${"00".repeat(32)}`];
    expect(data(under({}, ...key)).slice(16, 32)).toBe("04030201A4A3A2A1");
    expect(data(under({ keyUpdate: "mac-info-key" }, ...key)).slice(16, 32)).toBe("A4A3A2A104030201");
    expect(data(under({}, "change-baud-1997", A, "1200"))).toBe("04");
    expect(data(under({ baudBits1997: "300" }, "change-baud-1997", A, "1200"))).toBe("08");
    expect(under({ addressOrder: "as-printed" }, "read", A, "balance").slice(2, 14)).toBe(A);
  });

  test("what was made for a model is what that model hears", async () => {
    const paid = ["vendor-purchase", A, "amount=50.00", "orderNumber=1122334455667788", "mac1=00000000", `meterAddress=${A}`];
    const hex = await encode(...paid, "di=070102FF", "mac2=00000000", "--model", "order-number-4g");
    const decoded = decodeFrame(bytesOfHex(hex));
    if ("fault" in decoded) throw new Error(decoded.fault);
    const { choices } = profileOf("order-number-4g")!;
    // The operator code of this vendor's meters, which nobody typed.
    expect(readRequest(decoded.frame, choices)).toMatchObject({ is: "vendor-purchase", amount: 5_000n, operator: "11223344" });
    expect(permit(profileOf("order-number-4g")!, decoded.frame)).toEqual({ allowed: true, money: true });
  });

  test("a deadline far ahead and N2 where it has no clock, and an operator code of its own in function 03H alone", async () => {
    const order = await encode("relay", A, "level=02", "password=000000", "order=arm", "--model", "order-number-4g");
    expect(data(order)).toBe("02000000000000001B01595923311299");
    const dated = ["deadline=2026-11-22 10:30:00", "--model", "order-number-4g"];
    expect(data(await encode("relay", A, "level=02", "password=000000", "order=arm", ...dated)).slice(-12)).toBe("003010221126");
    const standardOrder = await meterctl([
      "encode",
      "relay",
      A,
      "level=02",
      "password=000000",
      "order=arm",
      "--model",
      "southern-grid",
    ]);
    expect(standardOrder).toMatchObject({ code: 2, error: expect.stringMatching(/^deadline: is missing/) as string });
  });

  test("a quantity is asked for by the name it has everywhere", async () => {
    expect(data(await encode("read", A, "balance"))).toBe("00029000");
    expect(data(await encode("read", A, "balance", "--model", "energy-prepay-vendor"))).toBe("00019000");
  });

  test("what a profile names may be written though it is only read elsewhere", () => {
    const words = ["write", A, "00900200", "level=02", "password=000000", "data=00500000"];
    const named = { control: 0x14, di: "00900200", what: "set the balance", money: true, destructive: false } as const;
    const options = { preamble: 0, env: {} };
    expect(() => encodeByHand(words[0]!, words.slice(1), { ...options, model: standard })).toThrow("only read");
    const model = { ...standard, orders: [...standard.orders, named] };
    expect(data(encodeByHand(words[0]!, words.slice(1), { ...options, model })).slice(-8)).toBe("00500000");
  });

  test("the list shows what it hears, with its own defaults", async () => {
    const lines = (await encode("--list", "--model", "order-number-4g")).split("\n");
    const names = lines.map((line) => line.split(" ")[0]);
    expect(names).toContain("vendor-purchase");
    for (const none of ["top-up", "write", "sealed-purchase", "read-1997"]) expect(names).not.toContain(none);
    expect(lines.find((line) => line.startsWith("vendor-refund "))).toContain("[operator=11223344]");
    expect(lines.find((line) => line.startsWith("relay-order "))).toMatch(/\[operator=00000000\].*\[deadline=991231235959\]/);
  });
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
    [["update-keys", A, "keys=zz:11", "mac=11111111"], /^keys: "zz:11" is no list of KEY:INFO/],
    [["update-keys", A, "keys=00:11:22", "mac=11111111"], /^keys: /],
    [["update-keys", A, `keys=${"00".repeat(32)}`, "mac=11111111"], /^keys.info: 0 bytes; 4 are wanted/],
    [
      ["switch-mode", A, "meterNumber=0000202611220001", "mode=x", "mac1=00000000", `purse=${"00".repeat(8)}`, "mac2=00000000"],
      /^mode: /,
    ],
    [["write", A, "0400010C", "level=02", "password=123456", "data=FF"], /^data: 1 bytes; dateTime has 7/],
    [["write", A, "00010000", "level=02", "password=123456", "data=00000000"], /^di: .*only read/],
    [["write-with-mac", A, "04001001", "level=99", "data=0000", "mac=00000000"], /^data: 2 bytes; alarmAmount1 has 4/],
    [["write-1997", A, "C010", "level=02", "password=123456", "data=01"], /^data: 1 bytes; date has 4/],
    [["security", A, "070103FF", "data=00"], /^di: has a form of its own, initialise-purse/],
    [["write-address", "999999999999"], /^newAddress: /],
    [["read-profile", A, "06000001", "1"], /^from: /],
    [["clear-events", A, "level=02", "password=123456", "cleared=000100FF"], /^cleared: /],
    [["read", A, "balance", "--model", "gold"], /no model "gold"; there are: standard-wallet, /],
    [["top-up", A, "amount=1.00", "--model", "order-number-4g"], /order-number-4g does not hear top-up.*--list --model/],
    [["write", A, "--model", "order-number-4g"], /order-number-4g does not hear write;/],
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
