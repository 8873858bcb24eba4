/** `meterctl doctor --link`: each symptom that the street can show is named from what is heard, and nothing else is. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { PlacedFault } from "../../simulator/street.ts";
import { buildStreet, type Street } from "../../simulator/street.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { freePort } from "../support/servers.ts";
import { meterctl, type Said } from "./terminal.ts";

const A = "202611220001";

interface Finding {
  readonly code: string;
  readonly grade: string;
  readonly found: { readonly en: string; readonly zh: string };
  readonly next: { readonly en: string; readonly zh: string } | null;
}

async function raise(
  meters: readonly string[],
  bus: object,
  faults: readonly object[],
  more: object = {},
): Promise<{ street: Street; link: string }> {
  const street = await buildStreet({
    clock: systemClock,
    seed: 7,
    buses: [{ id: "line", endpoint: { kind: "tcp", port: 0 }, ...bus }],
    meters: meters.map((address) => ({ address, bus: "line", ...more })),
    faults: faults as readonly PlacedFault[],
  });
  onTestFinished(() => street.close());
  return { street, link: `tcp://127.0.0.1:${String(street.endpoints[0]!.at)}` };
}

const examine = (link: string, ...more: readonly string[]): Promise<Said> =>
  meterctl(["doctor", "--link", link, "--json", "--wait", "120", "--listen", "40", ...more]);
const findingsOf = (said: Said): readonly Finding[] => JSON.parse(said.out) as readonly Finding[];

interface Symptom {
  readonly what: string;
  readonly meters?: readonly string[];
  readonly bus?: object;
  readonly faults: readonly object[];
  readonly more?: object;
  /** Everything that is found, and whether the line has to be mended. */
  readonly codes: readonly string[];
  readonly code: number;
  readonly says?: RegExp;
}
const bus = (fault: object): readonly object[] => [{ bus: "line", ...fault }];
const meter = (fault: object): readonly object[] => [{ meter: A, ...fault }];

const symptoms: readonly Symptom[] = [
  { what: "a sound line", faults: [], codes: ["answers"], code: 0 },
  { what: "a line with several meters", meters: [A, "202611220002"], faults: [], codes: ["several-meters", "answers"], code: 0 },
  { what: "cut wires", faults: bus({ kind: "dead-line" }), codes: ["silence"], code: 1, says: /Not one byte/ },
  { what: "wires that touch", faults: bus({ kind: "bus-short" }), codes: ["shorted"], code: 1 },
  { what: "swapped wires", faults: bus({ kind: "swapped-wires" }), codes: ["silence"], code: 1 },
  {
    what: "a port four times too fast",
    bus: { baud: 2_400 },
    faults: bus({ kind: "baud-mismatch", baud: 9_600, direction: "from-meter" }),
    codes: ["slower-talker"],
    code: 1,
  },
  {
    what: "a port twice too fast",
    bus: { baud: 4_800 },
    faults: bus({ kind: "baud-mismatch", baud: 9_600, direction: "from-meter" }),
    codes: ["slower-talker"],
    code: 1,
  },
  {
    what: "a port four times too slow",
    bus: { baud: 9_600 },
    faults: bus({ kind: "baud-mismatch", baud: 2_400, direction: "from-meter" }),
    codes: ["faster-talker"],
    code: 1,
  },
  {
    what: "a port twice too slow",
    bus: { baud: 9_600 },
    faults: bus({ kind: "baud-mismatch", baud: 4_800, direction: "from-meter" }),
    codes: ["faster-talker"],
    code: 1,
  },
  {
    what: "a speed at which nobody understands us",
    faults: bus({ kind: "baud-mismatch", baud: 9_600 }),
    codes: ["silence"],
    code: 1,
  },
  {
    what: "a port without parity",
    bus: { baud: 9_600 },
    faults: bus({ kind: "parity-mismatch", parity: "none", direction: "from-meter" }),
    codes: ["wrong-parity"],
    code: 1,
  },
  {
    what: "an adapter that echoes",
    faults: bus({ kind: "echo" }),
    codes: ["echo", "answers"],
    code: 0,
    says: /repeats what we say/,
  },
  {
    what: "an adapter that echoes before cut wires",
    faults: [...bus({ kind: "echo" }), ...meter({ kind: "silence", times: 99 })],
    codes: ["silence", "echo"],
    code: 1,
    says: /hears itself/,
  },
  {
    what: "another master",
    faults: bus({ kind: "foreign-master", times: 2 }),
    codes: ["two-masters", "answers"],
    code: 1,
    says: new RegExp(A),
  },
  {
    what: "two meters of one address that speak at once",
    faults: meter({ kind: "twin" }),
    codes: ["duplicate-address", "noise", "answers"],
    code: 1,
  },
  {
    what: "two meters of one address, one a little later",
    faults: meter({ kind: "twin", delayMs: 5 }),
    codes: ["duplicate-address", "answers"],
    code: 1,
    says: /answered twice/,
  },
  {
    what: "noise now and then",
    faults: [...bus({ kind: "noise", times: 4, where: "after" })],
    codes: ["noise", "answers"],
    code: 0,
  },
  {
    what: "a clock that is slow",
    faults: [],
    more: { clockOffsetMs: -900_000 },
    codes: ["clock-off", "answers"],
    code: 1,
    says: /(899|900|901) s slow/,
  },
  { what: "a clock a little fast", faults: [], more: { clockOffsetMs: 20_000 }, codes: ["answers"], code: 0 },
];

describe("it names", () => {
  for (const { what, meters = [A], bus: plan = {}, faults, more = {}, codes, code, says } of symptoms)
    test(what, async () => {
      const { link } = await raise(meters, plan, faults, more);
      const said = await examine(link);
      const findings = findingsOf(said);
      expect(findings.map((finding) => finding.code)).toEqual(codes);
      expect(said.code).toBe(code);
      if (says !== undefined) expect(findings.map(({ found }) => found.en).join("\n")).toMatch(says);
    });
});

test("each finding says in both languages what to do next", async () => {
  const { link } = await raise([A], {}, [...bus({ kind: "echo" }), ...meter({ kind: "twin", delayMs: 5 })], {
    clockOffsetMs: 60_000,
  });
  const findings = findingsOf(await examine(link)).filter(({ grade }) => grade !== "good");
  expect(findings.map(({ code }) => code)).toEqual(["echo", "duplicate-address", "clock-off"]);
  for (const { found, next } of findings) {
    for (const text of [found.zh, next?.zh]) expect(text).toMatch(/[\u4e00-\u9fff]{2}/);
    for (const text of [found.en, next?.en]) expect(text).toMatch(/[a-z]{3}.*[.)]$/);
  }
  const zh = await meterctl(["doctor", "--link", link, "--wait", "120", "--listen", "40", "--lang", "zh"]);
  expect(zh.out).toMatch(/^note echo +转换器有回显/);
});

test("a meter that is named is asked, and nobody else", async () => {
  const { street, link } = await raise([A, "202611220002"], {}, []);
  expect(findingsOf(await examine(link, "--address", "202611220002")).map(({ code }) => code)).toEqual(["answers"]);
  expect(street.snapshot(A).heard).toBe(0);
  expect(street.snapshot("202611220002").heard).toBeGreaterThan(4);
});

test("on a pseudo-terminal at 2400 it hears the same, and only reads are sent", async () => {
  const folder = mkdtempSync(join(tmpdir(), "doctor-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const tty = join(folder, "tty");
  const { street } = await raise([A], { endpoint: { kind: "serial", link: tty } }, [...bus({ kind: "echo" })]);
  const said = await meterctl(["doctor", "--link", `serial://${tty}`, "--json", "--listen", "40"]);
  expect(findingsOf(said).map(({ code }) => code)).toEqual(["echo", "answers"]);
  const asked = street.events
    .events()
    .flatMap((event) => (event.what === "frame" && event.direction === "request" ? [event.bytes] : []));
  expect(new Set(asked.map((bytes) => bytes[bytes.indexOf(0x68) + 8]))).toEqual(new Set([0x11, 0x13]));
}, 30_000);

test("nobody at the link ends with 3", async () => {
  expect((await meterctl(["doctor", "--link", `tcp://127.0.0.1:${await freePort()}`])).code).toBe(3);
  expect((await meterctl(["doctor", "--link", "serial:///dev/ttyNOWHERE"])).code).toBe(3);
});
