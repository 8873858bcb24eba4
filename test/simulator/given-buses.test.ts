/** Ports are today's: an argument says where a bus of the file is reached, and adds none that would take meters from it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { planFrom } from "../../simulator/options.ts";
import type { Plan } from "../../simulator/options.ts";
import { stateFileOf } from "../../simulator/state/street-state.ts";
import { StillClock } from "./support/frames.ts";
import { raise } from "./support/street.ts";

const plan = (...argv: string[]): Plan => planFrom(argv, {}) as Plan;
const ports = ({ buses }: Plan): unknown[] =>
  buses.map(({ id, endpoint }) => [id, endpoint.kind === "tcp" ? endpoint.port : endpoint.kind]);
const busesOf = ({ meters }: Plan): string[] => [...new Set(meters.map(({ bus }) => bus))];

test("a shipped scenario with one TCP bus is reached where the argument says, with all its meters on it", () => {
  const moved = plan("--scenario", "month-end", "--tcp", "2405");
  expect(ports(moved)).toEqual([["tower", 2405]]);
  const storm = plan("--scenario", "storm-on-the-line", "--tcp", "0");
  expect([ports(storm), busesOf(storm)]).toEqual([[["overhead", 0]], ["overhead"]]);
});

test("of several the argument names one, or all of them one by one", () => {
  expect(ports(plan("--scenario", "year-end-queue", "--tcp", "west=0"))).toEqual([
    ["east", 2404],
    ["west", 0],
  ]);
  expect(ports(plan("--scenario", "year-end-queue", "--tcp", "west=1", "--tcp", "east=2"))).toEqual([
    ["east", 2],
    ["west", 1],
  ]);
});

test("the rest of the bus stays: its name, its pace, its host", () => {
  const [bus] = plan("--scenario", "a-bad-week", "--tcp", "0").buses;
  expect(bus).toMatchObject({ id: "tower", baud: 9_600, endpoint: { kind: "tcp", port: 0 } });
  expect(plan("--scenario", "a-bad-week", "--tcp", "0", "--baud", "2400").buses[0]).toMatchObject({ baud: 2_400 });
  expect(plan("--scenario", "a-stormy-night", "--dial-in", "127.0.0.1:9").buses[1]).toMatchObject({
    endpoint: { port: 9, registration: "hill-{address}" },
  });
});

test("without a file an argument with a name makes a bus of that name, and may come again", () => {
  expect(ports(plan("--tcp", "east=0", "--tcp", "west=0", "--meters", "4"))).toEqual([
    ["east", 0],
    ["west", 0],
  ]);
});

test.each([
  [
    ["--scenario", "year-end-queue", "--tcp", "0"],
    /--tcp 0: --scenario year-end-queue has 2 tcp buses: say which, like --tcp east=… --tcp west=…/,
  ],
  [
    ["--scenario", "year-end-queue", "--tcp", "north=0"],
    /--tcp north=0: --scenario year-end-queue has no tcp bus north; it has east, west/,
  ],
  [["--tcp", "0", "--tcp", "0"], /--tcp 0: there is a bus tcp-1 already/],
  [["--tcp", "east=port"], /--tcp port: a whole number/],
] as const)("%j is refused by its name", (argv, why) => {
  expect(() => planFrom(argv, {})).toThrow(why);
});

test("a saved street is reached where the argument says, whatever its bus is called", async () => {
  const street = await raise({
    ...{ clock: new StillClock(), offline: true },
    buses: [
      { id: "cellar", endpoint: { kind: "tcp", port: 2404, host: "127.0.0.1" } },
      { id: "q", endpoint: { kind: "mqtt", url: "mqtt://127.0.0.1:1883" } },
    ],
    meters: [{ address: "202611220001", bus: "cellar" }],
  });
  const place = mkdtempSync(join(tmpdir(), "given-"));
  onTestFinished(() => rmSync(place, { recursive: true, force: true }));
  const file = join(place, "noon.json");
  writeFileSync(file, JSON.stringify(stateFileOf(street)));
  expect(plan("--state", file, "--tcp", "2405").buses).toMatchObject([
    { id: "cellar", endpoint: { kind: "tcp", port: 2405, host: "127.0.0.1" } },
    { id: "q" },
  ]);
  expect(() => plan("--state", file, "--serial-link", "./tty")).toThrow(/has no serial bus; it has cellar \(tcp\), q \(mqtt\)/);
});
