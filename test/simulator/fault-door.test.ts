/** How a fault is ordered: at the control door, on the command line, in a scenario file. The words are the same everywhere. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { faultKinds, isFaultKind, rowOf } from "../../simulator/faults.ts";
import { parameterForms } from "../../simulator/faults/parameters.ts";
import type { ParameterName } from "../../simulator/faults/parameters.ts";
import { planFrom } from "../../simulator/options.ts";
import type { Plan } from "../../simulator/options.ts";
import { buildStreet } from "../../simulator/street.ts";
import type { BusPlan } from "../../simulator/street.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { callee } from "./faults/callee.ts";
import { broker, raise } from "./support/street.ts";

const A = "202611220001";
const B = "202611220002";
const kinds = Object.keys(faultKinds).filter(isFaultKind);

interface Field {
  readonly name: ParameterName;
  readonly type: "number" | "text" | "choice";
  readonly zh: string;
  readonly meaning: string;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: string[];
  readonly pattern?: string;
  readonly otherwise?: number | string;
}
interface MenuRow {
  readonly kind: string;
  readonly on: string;
  readonly meaning: string;
  readonly meaningZh: string;
  readonly lasts: string;
  readonly parameters: Record<string, string>;
  readonly places: ("meter" | "bus")[];
  readonly endpoints: string[] | null;
  readonly fields: Field[];
}

async function door(): Promise<(path: string, method?: string, body?: object) => Promise<{ status: number; body: unknown }>> {
  const url = await broker();
  const { port } = await callee();
  const buses: BusPlan[] = [
    { id: "memory", endpoint: { kind: "memory" } },
    { id: "tcp", endpoint: { kind: "tcp" } },
    { id: "dial-in", endpoint: { kind: "dial-in", host: "127.0.0.1", port } },
    { id: "mqtt", endpoint: { kind: "mqtt", url, payload: "json" } },
    { id: "raw", endpoint: { kind: "mqtt", url } },
  ];
  const street = await raise({ buses, meters: [A, B].map((address) => ({ address, bus: "memory" })), controlPort: 0 });
  return async (path, method = "GET", body) => {
    const response = await fetch(`http://127.0.0.1:${street.controlPort!}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  };
}

test("the menu tells a page everything it needs, and what it says can be ordered as it says", async () => {
  const ask = await door();
  const menu = (await ask("/faults")).body as MenuRow[];
  expect(menu.map(({ kind }) => kind)).toEqual(kinds);
  for (const row of menu) {
    expect(row.meaningZh, row.kind).toMatch(/[\u4e00-\u9fff]/);
    expect(row.fields.map(({ name }) => name)).toEqual(Object.keys(row.parameters));
    // The most that the form allows, and the form's own defaults; only who swaps addresses has to say with whom.
    const filled = Object.fromEntries(row.fields.map((field) => [field.name, sample(field)]));
    for (const place of row.places) {
      const at = place === "meter" ? `/meters/${A}` : `/buses/${row.endpoints?.[0] ?? "memory"}`;
      const ordered = await ask(`${at}/faults`, "POST", { kind: row.kind, ...filled });
      expect([row.kind, place, ordered.status, ordered.body]).toEqual([
        row.kind,
        place,
        200,
        { id: expect.any(String) as string },
      ]);
      const bare = await ask(`${at}/faults`, "POST", { kind: row.kind });
      expect([row.kind, bare.status]).toEqual([row.kind, row.kind === "swapped-addresses" ? 400 : 200]);
    }
    const stranger = Object.keys(parameterForms).find((name) => !(name in row.parameters))!;
    const refused = await ask(`/meters/${A}/faults`, "POST", { kind: row.kind, [stranger]: sample({ ...field(stranger) }) });
    expect([row.kind, refused]).toMatchObject([row.kind, { status: 400, body: { field: stranger } }]);
  }
  const standing = (await ask("/faults/standing")).body as { meter?: string; bus?: string; kind: string; id: string }[];
  expect(new Set(standing.map(({ kind }) => kind))).toEqual(new Set(kinds));
  expect(standing[0]).toMatchObject({ meter: A, kind: kinds[0], id: "fault-1" });
  await ask("/faults/standing", "DELETE");
  expect((await ask("/faults/standing")).body).toEqual([]);
});

const field = (name: string): Field => ({ name, meaning: "", ...parameterForms[name as ParameterName] }) as unknown as Field;

function sample({ name, type, max, choices, otherwise }: Field): number | string {
  if (otherwise !== undefined) return otherwise;
  if (type === "number") return max!;
  if (type === "choice") return choices![0]!;
  const texts: Partial<Record<ParameterName, string>> = {
    function: "03",
    di: "070102ff",
    error: "01",
    amount: "1.00",
    text: "~",
  };
  return texts[name] ?? B;
}

test("each default that the table works with is told where the parameter is explained", () => {
  for (const kind of kinds) {
    const { otherwise = {}, parameters } = rowOf(kind);
    for (const [name, value] of Object.entries(otherwise)) {
      const told = parameters[name as ParameterName] ?? "";
      if (name !== "error") expect(told, `${kind}.${name}`).toContain(String(value));
    }
  }
});

test("what cannot stand where it is put is refused by name", async () => {
  const ask = await door();
  const refusals: [string, object, RegExp][] = [
    [`/meters/${A}/faults`, { kind: "noise" }, /kind/],
    ["/buses/memory/faults", { kind: "twin" }, /kind/],
    ["/buses/memory/faults", { kind: "connection-reset" }, /kind: on a bus over tcp or dial-in/],
    ["/buses/tcp/faults", { kind: "mqtt-duplicate" }, /kind: on a bus over mqtt/],
    ["/buses/mqtt/faults", { kind: "missing-registration" }, /kind: on a bus over dial-in/],
    ["/buses/raw/faults", { kind: "mqtt-wrong-msg-id" }, /kind: on a bus over mqtt, its payload json/],
    [`/meters/${A}/faults`, { kind: "bit-flips", bits: 0 }, /bits/],
    [`/meters/${A}/faults`, { kind: "lost-reply", function: "91" }, /function: .*from 00 to 1F/],
    [`/meters/${A}/faults`, { kind: "lost-reply", function: "1C", di: "070102FF" }, /di: only with function 03, 11, 12, 14/],
    [`/meters/${A}/faults`, { kind: "empty-acknowledgement", function: "11" }, /function: .*spoils orders/],
    [`/meters/${A}/faults`, { kind: "refusal", error: "0000" }, /error: .*not all of them 0/],
    [`/meters/${A}/faults`, { kind: "refusal", function: "14", error: "0100" }, /error: two hex digits/],
    ["/weather", { faultsPerHour: 1, kinds: ["rain"] }, /kinds\.rain/],
    [`/meters/${A}/faults`, { kind: "wrong-checksum-window", window: "whole" }, /window/],
    [`/meters/${A}/faults`, { kind: "swapped-addresses", with: "202611220099" }, /with: another meter on memory/],
    [`/meters/${A}/faults`, { kind: "welded-relay", times: 2 }, /times: welded-relay takes no parameters/],
    ["/weather", { faultsPerHour: -1 }, /faultsPerHour/],
    ["/weather", {}, /faultsPerHour/],
  ];
  for (const [path, body, error] of refusals)
    expect(await ask(path, "POST", body)).toEqual({
      status: 400,
      body: expect.objectContaining({ error: expect.stringMatching(error) as string }) as object,
    });
  expect((await ask("/faults/standing")).body).toEqual([]);
  expect((await ask("/weather", "POST", { seed: "a day", faultsPerHour: 12 })).body).toEqual({
    seed: "a day",
    faultsPerHour: 12,
    struck: 0,
  });
});

const file = (text: string): string => {
  const path = mkdtempSync(join(tmpdir(), "street-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  writeFileSync(join(path, "scenario.yaml"), text);
  return join(path, "scenario.yaml");
};
const planned = (...argv: string[]): Plan => {
  const plan = planFrom(argv, {});
  if (plan === "help") throw new Error("no plan");
  return plan;
};

test("on the command line, as often as wanted; in a scenario file; and the file's come first", async () => {
  const scenario = file(`
buses: [{ id: tower, endpoint: { kind: tcp } }]
meters: [{ address: "${A}", bus: tower }, { address: "${B}", bus: tower }]
faults:
  - { kind: refusal, meter: "${A}", error: "04", times: 2 }
  - { kind: baud-mismatch, bus: tower, baud: 9600 }
weather: { seed: 9, faultsPerHour: 3 }
`);
  const arguments_ = [
    "--fault",
    `lost-reply@${A},times=2,function=1C`,
    "--fault",
    "noise@tower,where=after",
    "--fault",
    `swapped-addresses@${B},with=${A}`,
  ];
  const plan = planned("--scenario", scenario, ...arguments_);
  expect(plan.weather).toEqual({ seed: 9, faultsPerHour: 3 });
  const street = await buildStreet({ ...plan, clock: systemClock });
  onTestFinished(() => street.close());
  expect(street.standingFaults()).toEqual([
    { meter: A, kind: "refusal", error: "04", id: "fault-1", times: 2 },
    { meter: A, kind: "lost-reply", function: "1C", id: "fault-2", times: 2 },
    { meter: B, kind: "swapped-addresses", with: A, id: "fault-1", times: null },
    { bus: "tower", kind: "baud-mismatch", baud: 9600, id: "fault-1", times: null },
    { bus: "tower", kind: "noise", where: "after", id: "fault-2", times: 1 },
  ]);
  expect(planned("--scenario", scenario, "--weather", "11").weather).toEqual({ seed: "11", faultsPerHour: 3 });
  expect(planned("--tcp", "0", "--weather", "11").weather).toEqual({ seed: "11", faultsPerHour: 6 });
  expect(planned("--tcp", "0", "--faults-per-hour", "2").weather).toMatchObject({ faultsPerHour: 2 });
  expect(planned("--tcp", "0").weather).toBeUndefined();
});

test("the stormy night that comes with the street can be raised", async () => {
  const plan = planned("--scenario", "simulator/scenarios/a-stormy-night.yaml");
  const buses = plan.buses.map(({ id, ...bus }): BusPlan => ({ id, ...bus, endpoint: { kind: "memory" } }));
  expect(plan.buses.map(({ endpoint }) => endpoint.kind)).toEqual(["tcp", "dial-in"]);
  const street = await raise({ ...plan, buses });
  expect(street.standingFaults().length).toBe(plan.faults?.length);
  expect(street.weather.view).toMatchObject({ seed: 4711 });
});

test("a caller, on the command line and in a scenario file", () => {
  const caller = { host: "127.0.0.1", port: 2405, registration: "IMEI,1", heartbeat: "~", heartbeatMs: 30_000 };
  const words = ["--registration", "IMEI,1", "--heartbeat", "~", "--heartbeat-ms", "30000", "--meters", "3"];
  const plan = planned("--dial-in", "127.0.0.1:2405", ...words);
  expect(plan.buses).toMatchObject([{ id: "dial-in-1", endpoint: { kind: "dial-in", ...caller } }]);
  expect(plan.meters.map(({ bus }) => bus)).toEqual(["dial-in-1", "dial-in-1", "dial-in-1"]);
  expect(planned("--dial-in", "[::1]:2405").buses[0]!.endpoint).toMatchObject({ host: "::1", port: 2405 });
  const scenario = file(`buses: [{ id: hill, endpoint: ${JSON.stringify({ kind: "dial-in", ...caller, redialMs: 5 })} }]`);
  expect(planned("--scenario", scenario).buses[0]!.endpoint).toEqual({ kind: "dial-in", ...caller, redialMs: 5 });
});

describe("wrong use names the argument", () => {
  test.each<[string[], RegExp]>([
    [["--fault", "lost-reply"], /--fault lost-reply: KIND@PLACE/],
    [["--fault", "lost-reply@202611220099"], /--fault .*202611220099: a meter's address or a bus's id/],
    [["--fault", `flood@${A}`], /--fault flood.*kind/],
    [["--fault", `lost-reply@${A},times=often`], /times/],
    [["--fault", `lost-reply@${A},times=`], /times/],
    [["--fault", `lost-reply@${A},delayMs=5`], /delayMs: lost-reply takes times, function, di/],
    [["--fault", `lost-reply@${A},__proto__=5`], /--fault/],
    [["--fault", `lost-reply@${A},times`], /KIND@PLACE/],
    [["--weather", "1", "--faults-per-hour", "many"], /--faults-per-hour many/],
    [["--dial-in", "nowhere"], /--dial-in nowhere: HOST:PORT/],
    [["--dial-in", "host:70000"], /--dial-in host:70000/],
    [["--dial-in", "host:1", "--heartbeat-ms", "1"], /--heartbeat-ms 1/],
  ])("%j", (argv, message) => {
    expect(() => planFrom(["--tcp", "0", "--meters", "2", ...argv], {})).toThrow(message);
  });

  test.each([
    ["{ kind: noise }", /faults\.0: nowhere/],
    ["{ kind: noise, bus: t, byte: 3 }", /faults\.0: byte/],
    ["{ kind: noise, bus: other }", /faults\.0: other/],
    [`{ kind: lost-reply, bus: t, meter: "${A}" }`, /faults\.0: t/],
  ])("in a scenario file: %s", (fault, message) => {
    const scenario = file(`buses: [{ id: t, endpoint: { kind: tcp } }]\nfaults: [${fault}]`);
    expect(() => planFrom(["--scenario", scenario, "--meters", "2"], {})).toThrow(message);
  });
});
