/** `meterctl decode`: frames explained for people and for programs, and wrong use named. Also the entry itself, and what it says to an old Node. */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { asProcess, ENTRY, meterctl } from "./terminal.ts";

const ASK = "68 01 00 22 11 25 20 68 11 04 33 35 C3 33 BC 16";
const BALANCE = "68 01 00 22 11 25 20 68 91 08 33 35 C3 33 83 56 34 33 80 16"; // 123.50 yuan
const REFUSAL = "68 66 55 44 33 22 11 68 D1 01 35 3C 16";
const FIELDS = "input valid why protocol address control function direction error di name values hex".split(" ");
type Row = Readonly<Record<string, unknown>>;
const rows = async (...hex: string[]): Promise<readonly Row[]> => {
  const { code, out, error } = await meterctl(["decode", "--json", ...hex]);
  expect({ code, error }).toEqual({ code: 0, error: "" });
  return JSON.parse(out) as Row[];
};

describe("what people paste", () => {
  const hex = BALANCE.replaceAll(" ", "");
  const pairs = BALANCE.split(" ");
  test.each([
    ["68h 01h", pairs.map((pair) => `${pair}h`).join(" ")],
    ["\\x68\\x01", pairs.map((pair) => `\\x${pair}`).join("")],
    ["0x68, 0x01", pairs.map((pair) => `0x${pair}`).join(", ")],
    ["[68 01]", `[${BALANCE}]`],
    ["68|01", pairs.join("|")],
    ["68.01", pairs.join(".")],
    ["{0x68,0x01}", `{${pairs.map((pair) => `0x${pair}`).join(",")}}`],
  ])("bytes written as %s are bytes", async (_form, text) => {
    expect(await rows(text)).toMatchObject([{ valid: true, hex }]);
  });

  test("an argument that is none does not swallow the others", async () => {
    const { code, out, error } = await meterctl(["decode", "--json", BALANCE, "zz", ASK]);
    expect([code, (JSON.parse(out) as Row[]).map((row) => row["input"])]).toEqual([2, [0, 2]]);
    expect(error).toMatch(/Argument 2: "z"/);
  });

  test("half a byte at the end costs that digit alone", async () => {
    const { code, out, error } = await meterctl(["decode", "--json", `${BALANCE} 68 0`]);
    const found = JSON.parse(out) as Row[];
    expect([code, found.map((row) => [row["valid"], row["hex"]])]).toEqual([
      2,
      [
        [true, hex],
        [false, "68"],
      ],
    ]);
    expect(error).toMatch(/Argument 1 has 43 hex digits/);
  });

  test("an answer without data is no data, for people and for programs", async () => {
    const EMPTY = "68 66 55 44 33 22 11 68 91 00 C6 16";
    expect(await rows(EMPTY)).toMatchObject([{ valid: true, values: [{ name: "data", value: null, unit: null }] }]);
    expect((await meterctl(["decode", "--lang", "en", EMPTY])).out).toMatch(/data +data no data/);
    expect((await meterctl(["decode", "--lang", "zh", EMPTY])).out).toContain("无数据");
  });
});

describe("as JSON", () => {
  test("it is one flat array with exactly the promised fields", async () => {
    const found = await rows(ASK, BALANCE);
    for (const row of found) expect(Object.keys(row).sort()).toEqual(FIELDS.toSorted());
    expect(found).toEqual([
      {
        input: 0,
        valid: true,
        why: null,
        protocol: "2007",
        address: "202511220001",
        control: "11",
        function: "read",
        direction: "request",
        error: null,
        di: "00900200",
        name: "balance",
        values: [],
        hex: ASK.replaceAll(" ", ""),
      },
      {
        input: 1,
        valid: true,
        why: null,
        protocol: "2007",
        address: "202511220001",
        control: "91",
        function: "read",
        direction: "response",
        error: null,
        di: "00900200",
        name: "balance",
        values: [{ name: "balance", value: "123.50", unit: "yuan" }],
        hex: BALANCE.replaceAll(" ", ""),
      },
    ]);
  });

  test("every argument stands for itself: half a frame is not completed by the next", async () => {
    const bytes = ASK.split(" ");
    const found = await rows(bytes.slice(0, 8).join(""), bytes.slice(8).join(""));
    expect(found.every(({ valid }) => valid === false)).toBe(true);
    expect(new Set(found.map(({ input }) => input))).toEqual(new Set([0, 1]));
    expect(found[0]!["why"]).toMatch(/^truncated/);
  });

  test("noise, damage and what is cut short are named and hide nothing behind them", async () => {
    const damaged = BALANCE.replace("80 16", "81 16");
    const found = await rows(`41 54 ${ASK} ${damaged} ${BALANCE} 68 01 00`);
    expect(found.map(({ valid }) => valid)).toEqual([false, true, false, true, false]);
    expect(found.map(({ why }) => why)).toEqual([
      "noise",
      null,
      expect.stringMatching(/checksum/) as string,
      null,
      expect.stringMatching(/^truncated/) as string,
    ]);
    expect(found.every(({ input }) => input === 0)).toBe(true);
  });

  test("a refusal tells its bits, no data is null, and a digit that is none is a fault", async () => {
    const [refusal] = await rows(REFUSAL);
    expect(refusal).toMatchObject({
      function: "read",
      direction: "response",
      error: { code: "02", bits: expect.any(Array) as string[] },
    });
    const withData = (data: string): string => {
      const bytes = ["68", "01", "00", "22", "11", "25", "20", "68", "91", "08", "33", "35", "C3", "33", ...data.split(" ")];
      const sum = bytes.reduce((total, byte) => (total + Number.parseInt(byte, 16)) & 0xff, 0);
      return [...bytes, sum.toString(16).padStart(2, "0"), "16"].join("");
    };
    expect((await rows(withData("32 32 32 32")))[0]!["values"]).toMatchObject([{ name: "balance", value: null, unit: "yuan" }]);
    const [broken] = await rows(withData("3D 33 33 33"));
    expect(broken).toMatchObject({ valid: true, values: [{ value: null, fault: expect.any(String) as string }] });
  });

  test("nothing that is empty is invented", async () => {
    expect(await rows("FE FE FE FE")).toEqual([]);
  });
});

describe("by a model", () => {
  // vector S016: a 4G meter's refund with an order number, which the standard has no layout for
  const REFUND = "68120051050326680328323B343A44556677333334333435363738393A3B34353637434445464748535455565758D4D5D6D73416";

  test("a vendor's frame comes apart when its model is named, and is bytes when it is not", async () => {
    const plain = await rows(REFUND);
    const own = JSON.parse((await meterctl(["decode", "--json", "--model", "order-number-4g", REFUND])).out) as Row[];
    const names = (found: readonly Row[]): string[] => (found[0]!["values"] as { name: string }[]).map(({ name }) => name);
    expect(names(plain)).not.toContain("orderNumber");
    expect(names(own)).toEqual(expect.arrayContaining(["amount", "orderNumber"]));
  });

  test("a model that is none ends with 2 and all models named", async () => {
    const { code, error } = await meterctl(["decode", "--model", "gold", REFUND]);
    expect(code).toBe(2);
    expect(error).toMatch(/no model "gold".*standard-wallet.*order-number-4g/);
  });

  test("a language that is none ends with 2", async () => {
    expect(await meterctl(["decode", "--lang", "fr", BALANCE])).toMatchObject({
      code: 2,
      error: expect.stringMatching(/en or zh/) as string,
    });
    expect((await meterctl(["decode", BALANCE], { LANG: "zh_CN.UTF-8" })).out).toContain("剩余金额");
    expect((await meterctl(["decode", "--lang", "en", BALANCE], { LANG: "zh_CN.UTF-8" })).out).not.toContain("剩余金额");
  });
});

describe("for people", () => {
  test("it says what stands there", async () => {
    const { code, out } = await meterctl(["decode", BALANCE]);
    expect(code).toBe(0);
    for (const word of ["202511220001", "balance", "123.50", "yuan"]) expect(out).toContain(word);
  });

  test("bytes may be written as people paste them", async () => {
    for (const text of [ASK.replaceAll(" ", ""), ASK.toLowerCase(), ASK.replaceAll(" ", ":"), `0x${ASK.replaceAll(" ", ",0x")}`])
      expect((await rows(text))[0]).toMatchObject({ valid: true, di: "00900200" });
  });
});

describe("wrong use ends with 2 and names what is wrong", () => {
  for (const [what, args, named] of [
    ["an argument that is no hex", ["decode", "68 zz"], /argument 1.*"z"/i],
    ["an odd number of digits", ["decode", "6"], /argument 1.*1 hex digits.*left out/i],
    ["an empty argument", ["decode", ""], /argument 1.*empty/i],
    ["no argument", ["decode"], /hex/],
    ["an unknown option", ["decode", "--yaml", ASK], /--yaml/],
    ["an unknown call", ["fly"], /fly/],
  ] as const)
    test(what, async () => {
      const said = await meterctl(args);
      expect(said.code).toBe(2);
      expect(said.error).toMatch(named);
      expect(said.out).toBe("");
    });
});

describe("as a process", () => {
  test("JSON stands alone on standard output, and the exit code is the call's", async () => {
    const good = await asProcess(["decode", "--json", BALANCE]);
    expect({ code: good.code, error: good.error }).toEqual({ code: 0, error: "" });
    expect(JSON.parse(good.out)).toHaveLength(1);
    const bad = await asProcess(["decode", "no hex"]);
    expect(bad.code).toBe(2);
    expect(bad.error).toMatch(/hex/);
    expect(bad.out).toBe("");
  });

  test("much output through a pipe arrives whole", async () => {
    const { code, out } = await asProcess(["decode", "--json", ...Array<string>(600).fill(BALANCE)]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toHaveLength(600);
  });

  test("help says what there is", async () => {
    const { code, out } = await asProcess(["--help"]);
    expect(code).toBe(0);
    for (const call of ["decode", "encode", "read", "ports", "pay", "relay", "command", "doctor"]) expect(out).toContain(call);
  });
});

const oldNode = ((): string | null => {
  const path = "/usr/bin/node";
  if (!existsSync(path)) return null;
  const [major = 0, minor = 0] = spawnSync(path, ["-p", "process.versions.node"]).stdout.toString().split(".").map(Number);
  return major < 22 || (major === 22 && minor < 18) ? path : null;
})();
const withOldNode = oldNode === null ? describe.skip : describe;

withOldNode(oldNode === null ? "an old Node: skipped, /usr/bin/node is new enough or missing" : "an old Node", () => {
  test("borrows the one that the project brought along", async () => {
    const said = await asProcess(["decode", "--json", BALANCE], { node: oldNode! });
    expect(said.code).toBe(0);
    expect(JSON.parse(said.out)).toHaveLength(1);
    expect((await asProcess(["decode", "no hex"], { node: oldNode! })).code).toBe(2);
  });

  test("is told which Node is needed and how to get it, when there is no other", async () => {
    const folder = mkdtempSync(join(tmpdir(), "meterctl-alone-"));
    try {
      const entry = join(folder, "src/cli/meterctl.js");
      mkdirSync(dirname(entry), { recursive: true });
      copyFileSync(ENTRY, entry);
      writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
      const said = await asProcess(["decode", BALANCE], { node: oldNode!, entry });
      expect(said.code).toBe(2);
      expect(said.error).toMatch(/needs Node 22\.18 or newer; this is \d+.*npm ci/);
      expect(said.error.trim().split("\n")).toHaveLength(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
