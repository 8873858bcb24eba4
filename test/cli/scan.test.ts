/** `meterctl scan`: every meter of a pair of wires, on a real pseudo-terminal and over TCP, also where they answer at once. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { buildStreet, type Street, type StreetOptions } from "../../simulator/street.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { freePort } from "../support/servers.ts";
import { asProcess, meterctl } from "./terminal.ts";

type Plan = Pick<StreetOptions, "meters"> & { readonly bus?: object };

async function street({ meters, bus = {} }: Plan, endpoint: StreetOptions["buses"][number]["endpoint"]): Promise<Street> {
  const built = await buildStreet({ clock: systemClock, seed: 7, buses: [{ id: "line", endpoint, ...bus }], meters });
  onTestFinished(() => built.close());
  return built;
}

async function onPty(plan: Plan): Promise<{ street: Street; link: string }> {
  const folder = mkdtempSync(join(tmpdir(), "scan-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const link = join(folder, "tty");
  const built = await street({ bus: { baud: 115_200, answerDelayMs: 2 }, ...plan }, { kind: "serial", link });
  return { street: built, link: `serial://${link}?baud=115200` };
}

async function onTcp(plan: Plan): Promise<{ street: Street; link: string }> {
  const built = await street(plan, { kind: "tcp", port: 0 });
  return { street: built, link: `tcp://127.0.0.1:${String(built.endpoints[0]!.at)}` };
}

const plans = (addresses: readonly string[]): StreetOptions["meters"] => addresses.map((address) => ({ address, bus: "line" }));

/** Three times the slowest of some exchanges made just now, for `--wait`. */
async function patienceFor(link: string, address: string): Promise<string> {
  await meterctl(["read", address, "balance", "--link", link]); // the first one compiles both programs
  let slowest = 8;
  for (let n = 0; n < 5; n += 1) {
    const startedAt = performance.now();
    expect((await meterctl(["read", address, "balance", "--link", link])).code).toBe(0);
    slowest = Math.max(slowest, performance.now() - startedAt);
  }
  return String(Math.ceil(3 * slowest));
}

interface Told {
  readonly meters: readonly { address: string; confirmed: boolean; doubled: boolean; baud: number | null }[];
  readonly complete: boolean;
  readonly questions: number;
}

test("all thirty-two meters of one pair of wires are found, two pairs of which share their last two digits", async () => {
  const addresses = [
    ...Array.from({ length: 28 }, (_, i) => `2026112200${String(i + 1).padStart(2, "0")}`),
    "202611220305",
    "202611229917",
    "000000000098",
    "000000000099",
  ].sort();
  const { street: built, link } = await onPty({ meters: plans(addresses) });
  // Both programs share this process and the machine with others; patience is short here, so it is measured what an answer takes.
  const patience = await patienceFor(link, "000000000099");
  const said = await meterctl(["scan", "--link", link, "--wait", patience, "--json"]);
  const { meters, complete, questions } = JSON.parse(said.out) as Told;
  expect(meters.map(({ address }) => address)).toEqual(addresses);
  expect(meters.every(({ confirmed, doubled, baud }) => confirmed && !doubled && baud === 115_200)).toBe(true);
  expect({ code: said.code, complete }).toEqual({ code: 0, complete: true });
  // Two questions a branch on three levels: the first, and one each below 05 and 17; one to each meter by name; a few for chance.
  expect(questions).toBeLessThan(2 * 100 * 3 + 32 + 40);
  // What was asked read, and nothing else.
  const functions = new Set(
    built.events
      .events()
      .flatMap((event) =>
        event.what === "frame" && event.direction === "request" ? [event.bytes[event.bytes.indexOf(0x68) + 8]] : [],
      ),
  );
  expect([...functions].sort()).toEqual([0x11, 0x13]);
  expect(said.error.split("\n")[0]).toMatch(/115200 even: one meter or none takes .+ up to \d+ s; ended after 60 min/);
}, 300_000);

test("the only meter of a line is named after two questions, and confirmed", async () => {
  const { link } = await onPty({ meters: plans(["202611220001"]) });
  const said = await meterctl(["scan", "--link", link, "--wait", "1500", "--json"]);
  expect(JSON.parse(said.out)).toMatchObject({
    meters: [{ address: "202611220001", confirmed: true, doubled: false }],
    complete: true,
    questions: 3,
  });
});

test("for people it is one line a meter and a sum, also in Chinese", async () => {
  const { link } = await onTcp({ meters: plans(["202611220001", "202611220002"]) });
  const said = await meterctl(["scan", "--link", link, "--wait", await patienceFor(link, "202611220001"), "--lang", "zh"]);
  expect(said.out).toMatch(/^202611220001 .*\n202611220002 .*\n2 块表，\d+ 次询问/);
  expect(said.error).toMatch(/多表同时应答，继续细分/);
}, 120_000);

test("several speeds are tried one after the other, and each meter says at which it answered", async () => {
  const { link } = await onPty({ meters: plans(["202611220001"]) });
  const said = await meterctl(["scan", "--link", link, "--wait", "1500", "--baud", "9600,115200", "--json"]);
  // A pseudo-terminal passes bytes at any speed, so the first one already hears it; what is tried is seen on standard error.
  expect(said.error.match(/at (\d+) even/g)).toEqual(["at 9600 even", "at 115200 even"]);
  expect(JSON.parse(said.out)).toMatchObject({ meters: [{ address: "202611220001", baud: 9_600 }] });
});

test("two meters of one address are said to be two", async () => {
  const { street: built, link } = await onTcp({ meters: plans(["202611220001"]) });
  built.setFault("202611220001", { kind: "twin", delayMs: 5 });
  const said = await meterctl(["scan", "--link", link, "--wait", "1500", "--json"]);
  expect(JSON.parse(said.out)).toMatchObject({ meters: [{ address: "202611220001", doubled: true }] });
});

test("a line that echoes is searched all the same", async () => {
  const { street: built, link } = await onTcp({ meters: plans(["202611220001"]) });
  built.setBusFault("line", { kind: "echo" });
  const said = await meterctl(["scan", "--link", link, "--wait", "1500", "--json"]);
  expect(JSON.parse(said.out)).toMatchObject({
    meters: [{ address: "202611220001", confirmed: true, doubled: false }],
    complete: true,
  });
});

test("a search that is ended early says that it is not complete, and ends with 1", async () => {
  const { link } = await onTcp({ meters: plans(["202611220001", "202611220002"]) });
  const said = await meterctl(["scan", "--link", link, "--wait", "30", "--minutes", "0.002", "--json"]);
  expect(said.code).toBe(1);
  expect(JSON.parse(said.out)).toMatchObject({ complete: false });
});

test("a silent line ends with 1 and no meters; nobody at the link is 3; a speed where none can be set is 2", async () => {
  const { link } = await onTcp({ meters: [] });
  const silent = await meterctl(["scan", "--link", link, "--wait", "10", "--json"]);
  expect(silent.code).toBe(1);
  expect(JSON.parse(silent.out)).toMatchObject({ meters: [], complete: true, questions: 2 });
  expect((await meterctl(["scan", "--link", `tcp://127.0.0.1:${await freePort()}`])).code).toBe(3);
  expect((await meterctl(["scan", "--link", link, "--baud", "fast"])).code).toBe(2);
  expect((await meterctl(["scan", "--link", link, "--baud", "2400"])).code).toBe(2);
});

test("as a process it prints JSON alone on standard output", async () => {
  const { link } = await onTcp({ meters: plans(["202611220001"]) });
  const said = await asProcess(["scan", "--link", link, "--wait", "1500", "--json"]);
  expect(said.code).toBe(0);
  expect(JSON.parse(said.out)).toMatchObject({ meters: [{ address: "202611220001" }] });
});
