/** The command line of the simulator: every argument, its meaning and its default in one table; what is wrong is named. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { parse as parseYaml } from "yaml";
import type { z } from "zod";
import { Instant } from "../src/kernel/clock.ts";
import { reasonOf } from "../src/kernel/faults.ts";
import { FAULTS_PER_HOUR_MAX } from "./meter-door.ts";
import { isMeterModel, meterModels } from "./models.ts";
import { faultFromRow, faultFromText } from "./placed-faults.ts";
import type { BusPlan, DialInPlan, MeterPlan, MqttPayload } from "./plans.ts";
import { scenarioShape } from "./scenario.ts";
import type { PlacedFault, StreetOptions } from "./street.ts";

/** Wrong use of the command line: exit code 2. */
export class UsageError extends Error {}

interface ArgumentRow {
  readonly value: string;
  readonly meaning: string;
  readonly otherwise?: string;
  /** May be given more than once. */
  readonly repeats?: true;
}

export const argumentTable = {
  meters: { value: "N", meaning: "how many meters, spread evenly over the buses", otherwise: "40" },
  "first-address": { value: "DIGITS", meaning: "address of the first meter; the others count up", otherwise: "202611220001" },
  tcp: { value: "PORT", meaning: "bus tcp-1 on this port, 0 for a free one" },
  "dial-in": { value: "HOST:PORT", meaning: "bus dial-in-1, which calls a gateway there" },
  registration: { value: "TEXT", meaning: "what the caller says first; {address} and {bus} are filled in, hex:… for bytes" },
  heartbeat: { value: "TEXT", meaning: "what the caller says again and again; as --registration" },
  "heartbeat-ms": { value: "MS", meaning: "how often", otherwise: "60000" },
  "serial-link": { value: "PATH", meaning: "bus serial-1 on a pseudo-terminal, with a link to it at PATH" },
  mqtt: { value: "URL", meaning: "bus mqtt-1 on this broker" },
  "mqtt-payload": { value: "FORM", meaning: "raw, hex or json", otherwise: "raw" },
  "mqtt-username": { value: "NAME", meaning: "for the broker; or in the URL" },
  "mqtt-password": { value: "TEXT", meaning: "for the broker; or MQTT_PASSWORD in the environment" },
  control: { value: "PORT", meaning: "the control door (HTTP) on this port, 0 for a free one" },
  host: { value: "ADDRESS", meaning: "where TCP bus and control door listen", otherwise: "127.0.0.1" },
  seed: { value: "SEED", meaning: "same seed, same street", otherwise: "1" },
  speed: { value: "FACTOR", meaning: "how fast clocks and households run; 0 stands still", otherwise: "1" },
  start: { value: "ISO", meaning: "what the meters' clocks show at the start", otherwise: "the machine's time" },
  model: { value: "NAME", meaning: Object.keys(meterModels).join(", "), otherwise: "standard-wallet" },
  balance: { value: "YUAN", meaning: "balance of every wallet at the start", otherwise: "50.00" },
  price: { value: "YUAN", meaning: "price of a kWh, at most four decimals", otherwise: "0.5283" },
  baud: { value: "N", meaning: "pace the bytes of the TCP, dial-in and MQTT buses" },
  "serial-baud": { value: "N", meaning: "pace of the serial bus", otherwise: "2400" },
  "answer-delay-ms": { value: "MS", meaning: "between request and reply", otherwise: "20 where bytes are paced, else 0" },
  fault: {
    value: "KIND@PLACE",
    meaning: 'a fault on a meter or a bus, with ",parameter=value"; may be given again',
    repeats: true,
  },
  weather: { value: "SEED", meaning: "faults come by themselves, the same for the same seed" },
  "faults-per-hour": { value: "N", meaning: "how many, over the whole street", otherwise: "6" },
  scenario: { value: "FILE", meaning: "YAML or JSON naming buses and meters one by one; arguments given beside it win" },
  help: { value: "", meaning: "this" },
} as const satisfies Record<string, ArgumentRow>;

type Argument = keyof typeof argumentTable;
type OneOf = Exclude<Argument, "fault">;
type Given = Partial<Record<OneOf, string>> & { readonly fault?: readonly string[] };

export type Plan = Omit<StreetOptions, "clock" | "log">;

/** What to raise; "help" when that was asked for. Throws UsageError. */
export function planFrom(argv: readonly string[], environment: Readonly<Record<string, string | undefined>>): Plan | "help" {
  const given = readArguments(argv);
  if (given === "help") return "help";
  const scenario = given.scenario === undefined ? {} : readScenario(given.scenario);
  const buses = [...(scenario.buses ?? []), ...busesFrom(given, environment)];
  if (buses.length === 0)
    throw new UsageError(
      "no bus: give at least one of --tcp, --serial-link, --mqtt, --dial-in, or a --scenario that names buses",
    );
  const model = given.model ?? "standard-wallet";
  if (!isMeterModel(model)) throw new UsageError(`--model ${model}: allowed are ${Object.keys(meterModels).join(", ")}`);
  const common = {
    model,
    balance: matching(given, "balance", /^\d{1,6}(\.\d{1,2})?$/, 'yuan with at most two decimals, like "50.00"'),
  };
  const generated = scenario.meters === undefined || given.meters !== undefined ? rowOfMeters(given, buses) : [];
  const meters: MeterPlan[] = [...(scenario.meters ?? []), ...generated].map((plan) => withCommon(plan, common));
  const faultsPerHour = numberOf(given, "faults-per-hour", { min: 0, max: FAULTS_PER_HOUR_MAX });
  const isStormy = given.weather !== undefined || faultsPerHour !== undefined;
  return {
    buses,
    meters,
    faults: faultsFrom(given, scenario.faults ?? [], {
      meters: new Set(meters.map(({ address }) => address)),
      buses: new Set(buses.map(({ id }) => id)),
    }),
    weather: isStormy
      ? { seed: given.weather ?? scenario.weather?.seed, faultsPerHour: faultsPerHour ?? scenario.weather?.faultsPerHour ?? 6 }
      : scenario.weather,
    seed: given.seed ?? scenario.seed ?? 1,
    speed: numberOf(given, "speed", { min: 0, max: 100_000 }) ?? scenario.speed,
    start: startOf(given.start ?? scenario.start),
    price:
      matching(given, "price", /^\d{1,6}(\.\d{1,4})?$/, 'yuan per kWh with at most four decimals, like "0.5283"') ??
      scenario.price,
    controlPort: numberOf(given, "control", PORT),
    host: given.host,
  };
}

const PORT = { min: 0, max: 65_535, whole: true };
const BAUD = { min: 50, max: 4_000_000, whole: true };
const METERS_MAX = 100_000;

/** A scenario's meter keeps what it says of itself. */
const withCommon = (plan: MeterPlan, common: Partial<MeterPlan>): MeterPlan => ({
  ...plan,
  model: plan.model ?? common.model,
  balance: plan.balance ?? common.balance,
});

function readArguments(argv: readonly string[]): Given | "help" {
  const options = Object.fromEntries(
    Object.entries(argumentTable).map(([name, row]) => [
      name,
      { type: name === "help" ? ("boolean" as const) : ("string" as const), multiple: "repeats" in row },
    ]),
  );
  try {
    const { values } = parseArgs({ args: [...argv], options, strict: true, allowPositionals: false });
    return values["help"] === true ? "help" : values;
  } catch (error) {
    throw new UsageError(reasonOf(error), { cause: error });
  }
}

function busesFrom(given: Given, environment: Readonly<Record<string, string | undefined>>): BusPlan[] {
  const answerDelayMs = numberOf(given, "answer-delay-ms", { min: 0, max: 60_000 });
  const baud = numberOf(given, "baud", BAUD);
  const buses: BusPlan[] = [];
  const port = numberOf(given, "tcp", PORT);
  if (port !== undefined) buses.push({ id: "tcp-1", endpoint: { kind: "tcp", port }, baud, answerDelayMs });
  if (given["dial-in"] !== undefined)
    buses.push({ id: "dial-in-1", endpoint: dialInFrom(given["dial-in"], given), baud, answerDelayMs });
  const link = given["serial-link"];
  if (link === "") throw new UsageError("--serial-link: a path is missing");
  if (link !== undefined)
    buses.push({ id: "serial-1", endpoint: { kind: "serial", link }, baud: numberOf(given, "serial-baud", BAUD), answerDelayMs });
  if (given.mqtt !== undefined) {
    const payload = oneOf<MqttPayload>(given, "mqtt-payload", ["raw", "hex", "json"]);
    const username = given["mqtt-username"];
    const password = given["mqtt-password"] ?? environment["MQTT_PASSWORD"];
    buses.push({
      id: "mqtt-1",
      endpoint: { kind: "mqtt", url: brokerUrl(given.mqtt), payload, username, password },
      baud,
      answerDelayMs,
    });
  }
  return buses;
}

function dialInFrom(text: string, given: Given): DialInPlan {
  const [, host, port] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || !(Number(port) >= 1 && Number(port) <= PORT.max))
    throw new UsageError(`--dial-in ${text}: HOST:PORT is wanted, like 127.0.0.1:2405`);
  const heartbeatMs = numberOf(given, "heartbeat-ms", { min: 10, max: 86_400_000, whole: true });
  const { registration, heartbeat } = given;
  return { kind: "dial-in", host, port: Number(port), registration, heartbeat, heartbeatMs };
}

/** Those of the scenario first, then those of the command line. */
function faultsFrom(
  { scenario, fault = [] }: Given,
  rows: z.infer<typeof scenarioShape>["faults"] & object,
  places: Parameters<typeof faultFromRow>[1],
): PlacedFault[] {
  const named = (what: string, read: () => PlacedFault): PlacedFault => {
    try {
      return read();
    } catch (error) {
      throw new UsageError(`${what}: ${reasonOf(error)}`, { cause: error });
    }
  };
  return [
    ...rows.map((row, i) => named(`--scenario ${scenario!}: faults.${i}`, () => faultFromRow(row, places))),
    ...fault.map((text) => named(`--fault ${text}`, () => faultFromText(text, places))),
  ];
}

function rowOfMeters(given: Given, buses: readonly BusPlan[]): MeterPlan[] {
  const count = numberOf(given, "meters", { min: 1, max: METERS_MAX, whole: true }) ?? 40;
  const first = matching(given, "first-address", /^\d{12}$/, "twelve digits") ?? "202611220001";
  if (BigInt(first) + BigInt(count) > 10n ** 12n)
    throw new UsageError(`--first-address ${first}: ${count} meters do not fit behind it`);
  return Array.from({ length: count }, (_, i) => ({
    address: (BigInt(first) + BigInt(i)).toString().padStart(12, "0"),
    bus: buses[i % buses.length]!.id,
  }));
}

function readScenario(file: string): z.infer<typeof scenarioShape> {
  let content: unknown;
  try {
    content = parseYaml(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(`--scenario ${file}: ${reasonOf(error)}`, { cause: error });
  }
  const result = scenarioShape.safeParse(content);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new UsageError(`--scenario ${file}: ${issue.path.join(".") || "file"}: ${issue.message}`);
}

function brokerUrl(text: string): string {
  const url = URL.parse(text);
  if (url !== null && ["mqtt:", "mqtts:", "tcp:", "ws:", "wss:"].includes(url.protocol)) return text;
  throw new UsageError("--mqtt: a broker's URL is wanted, like mqtt://127.0.0.1:1883");
}

function startOf(text: string | undefined): Instant | undefined {
  if (text === undefined) return undefined;
  // A time without a zone is the meters' own: UTC+8.
  const zoned = /(?:Z|[+-]\d{2}:?\d{2})$/.test(text) ? text : `${text.includes("T") ? text : `${text}T00:00:00`}+08:00`;
  const at = Date.parse(zoned);
  if (Number.isNaN(at)) throw new UsageError(`--start ${text}: a time is wanted, like 2026-11-22T10:00:00+08:00`);
  return Instant(at);
}

function numberOf(
  given: Given,
  name: OneOf,
  { min, max, whole = false }: { min: number; max: number; whole?: boolean },
): number | undefined {
  const text = given[name];
  if (text === undefined) return undefined;
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isFinite(value) && value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
  throw new UsageError(`--${name} ${text}: a ${whole ? "whole " : ""}number from ${min} to ${max} is wanted`);
}

function matching(given: Given, name: OneOf, form: RegExp, wanted: string): string | undefined {
  const text = given[name];
  if (text === undefined || form.test(text)) return text;
  throw new UsageError(`--${name} ${text}: ${wanted}`);
}

function oneOf<T extends string>(given: Given, name: OneOf, allowed: readonly T[]): T | undefined {
  const text = given[name];
  const found = allowed.find((choice) => choice === text);
  if (text === undefined || found !== undefined) return found;
  throw new UsageError(`--${name} ${text}: allowed are ${allowed.join(", ")}`);
}

export function usage(): string {
  const rows = Object.entries(argumentTable).map(([name, row]: [string, ArgumentRow]) => {
    const left = `  --${name}${row.value === "" ? "" : ` ${row.value}`}`.padEnd(28);
    return `${left}${row.meaning}${row.otherwise === undefined ? "" : ` (default: ${row.otherwise})`}`;
  });
  return ["simulator: a street of virtual DL/T 645 meters", "", ...rows, ""].join("\n");
}
