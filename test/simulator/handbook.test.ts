/** The commands of the handbook, run as an engineer would, in their order; only ports and folders are others. */
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { until } from "./support/street.ts";

interface Block {
  readonly language: string;
  readonly text: string;
}

const page = readFileSync("docs/street-handbook.md", "utf8");
const blocks = (): Block[] =>
  [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, text]) => ({ language: language!, text: text! }));
const OF_ITS_OWN = "# in a terminal of its own\n";

interface Shell {
  readonly out: () => string;
  readonly ended: Promise<number | null>;
}

test("every command of the handbook does what it says", async () => {
  // Where the incident's test is written, vitest has to be found.
  const place = mkdtempSync(join(import.meta.dirname, "..", "handbook-"));
  onTestFinished(() => rmSync(place, { recursive: true, force: true }));
  const bin = mkdtempSync(join(tmpdir(), "handbook-"));
  onTestFinished(() => rmSync(bin, { recursive: true, force: true }));
  // `npm run -s NAME -- …` without npm's own second of start.
  const programs = { simulator: "simulator/main.ts", meterctl: "src/cli/meterctl.js" };
  const cases = Object.entries(programs).map(([name, file]) => `${name}) exec "${process.execPath}" "${resolve(file)}" "$@" ;;`);
  const npm = `#!/bin/bash\n[ "$1 $2 $4" = "run -s --" ] || exit 99\nname=$3\nshift 4\ncase $name in\n${cases.join("\n")}\n*) exit 98 ;;\nesac\n`;
  writeFileSync(join(bin, "npm"), npm);
  chmodSync(join(bin, "npm"), 0o755);
  expect(JSON.parse(readFileSync("package.json", "utf8"))).toMatchObject({
    scripts: {
      simulator: `NODE_COMPILE_CACHE=node_modules/.cache/compiled exec node ${programs.simulator}`,
      meterctl: `exec node ${programs.meterctl}`,
    },
  });

  const ports = new Map<string, number>();
  const here = (text: string, portOf = (port: string): number => ports.get(port) ?? 0): string =>
    text
      .replaceAll("./data/", `${place}/data/`)
      .replaceAll("test/incidents/", `${place}/incidents/`)
      .replaceAll(/\b(240[45]|909[01])\b/g, (port) => String(portOf(port)));
  const shell = (text: string): Shell => {
    const child = spawn("bash", ["-euo", "pipefail", "-c", text], {
      env: { ...process.env, PATH: `${bin}:${process.env["PATH"] ?? ""}`, LOG_LEVEL: "error" },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let out = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (out += chunk.toString()));
    const ended = new Promise<number | null>((done) => child.once("close", done));
    onTestFinished(async () => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, "SIGTERM");
      await ended;
    });
    return { out: () => out, ended };
  };

  const said: string[] = [];
  // Twice over: whoever walks it again finds the files of the first time.
  for (const { language, text } of [...blocks(), ...blocks()]) {
    if (language !== "sh") continue;
    if (text.startsWith(OF_ITS_OWN)) {
      const street = shell(here(text.slice(OF_ITS_OWN.length), () => 0));
      await until("the street is up", () => street.out().includes("ready "), 60_000);
      const ready = JSON.parse(/ready (.*)/.exec(street.out())![1]!) as Record<"tcp" | "control", number>;
      const [tcp, control] = [/--tcp (\d+)/, /--control (\d+)/].map((form) => form.exec(text)![1]!) as [string, string];
      ports.set(tcp, ready.tcp).set(control, ready.control);
      continue;
    }
    const { out, ended } = shell(here(text));
    expect([await ended, out()], text).toEqual([0, out()]);
    said.push(out());
  }
  const all = said.join("\n");
  expect(all).toContain("no answer that can be read");
  expect(all).toContain('"outcome":"wrong-checksum"');
  const [promised] = /\d+ requests played, \d+ the same, 0 differences/.exec(page)!;
  expect(all).toContain(promised);
  expect(all.match(/requests played, (\d+) the same, 0 differences/g)).toHaveLength(4);
  expect(all).toMatch(/wrong-checksum\.test\.ts: it fails today/);
  expect(existsSync(join(place, "incidents", "wrong-checksum.test.ts"))).toBe(true);
}, 300_000);

test("the lines that the page shows are lines of a recording, but for what is cut", () => {
  const [shown] = blocks().filter(({ language }) => language === "json");
  const lines = shown!.text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.map(({ outcome }) => outcome)).toEqual(["heard", "wrong-checksum"]);
  expect(Object.keys(lines[0]!)).toEqual([
    "what",
    "n",
    "at",
    "wall",
    "bus",
    "connection",
    "direction",
    "meter",
    "hex",
    "outcome",
    "fault",
    "en",
    "zh",
  ]);
});
