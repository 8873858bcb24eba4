/** The command line of the simulator: every argument, its meaning and its default in one table; what is wrong is named. */
import { parseArgs } from "node:util";
import type { Instant } from "../src/kernel/clock.ts";
import { isFault, reasonOf } from "../src/kernel/faults.ts";
import { timeOf } from "./duration.ts";
import { isMeterModel, meterModels } from "./models.ts";
import type { Places } from "./placed-faults.ts";
import { faultFromText } from "./placed-faults.ts";
import { MisplacedBus, placedBuses, withName } from "./given-buses.ts";
import type { GivenBus } from "./given-buses.ts";
import type { DialInPlan, EndpointPlan, MeterPlan, MqttPayload } from "./plans.ts";
import type { RecordingOrder } from "./recording/recorder.ts";
import { METERS_MAX, rowOf } from "./scenario.ts";
import type { ScenarioFile } from "./scenario-file.ts";
import { readScenario, ScenarioError } from "./scenario-file.ts";
import { faultsIn, metersIn, storyIn } from "./scenario-plan.ts";
import { BESIDE_STATE, optionsFromState } from "./state/options.ts";
import type { PlacedFault, StreetOptions } from "./street.ts";
import { checkedWeather, FAULTS_PER_HOUR_MAX, weatherKindFromText } from "./weather-kinds.ts";
import type { WeatherKinds, WeatherPlan } from "./weather-kinds.ts";

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
  tcp: {
    value: "[BUS=]PORT",
    meaning: "bus tcp-1 on this port, 0 for a free one; with a name for another, and again for more",
    repeats: true,
  },
  "dial-in": { value: "HOST:PORT", meaning: "bus dial-in-1, which calls a gateway there; as --tcp", repeats: true },
  registration: { value: "TEXT", meaning: "what the caller says first; {address} and {bus} are filled in, hex:… for bytes" },
  heartbeat: { value: "TEXT", meaning: "what the caller says again and again; as --registration" },
  "heartbeat-ms": { value: "MS", meaning: "how often", otherwise: "60000" },
  "serial-link": {
    value: "PATH",
    meaning: "bus serial-1 on a pseudo-terminal, with a link to it at PATH; as --tcp",
    repeats: true,
  },
  mqtt: { value: "URL", meaning: "bus mqtt-1 on this broker; as --tcp", repeats: true },
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
  "weather-kind": {
    value: "KIND",
    meaning: 'only such faults, with ",parameter=value" and how long one stands, ",forMs=60000"; may be given again',
    repeats: true,
  },
  "faults-per-hour": { value: "N", meaning: "how many, over the whole street", otherwise: "6" },
  scenario: {
    value: "NAME|FILE",
    meaning: "one that comes with the street, or a file of your own (YAML or JSON); arguments given beside it win",
  },
  "list-scenarios": { value: "", meaning: "what comes with the street, and what it tells" },
  state: { value: "FILE", meaning: "go on as a street that was saved (POST /state/save); beside it only where it is reached" },
  record: {
    value: "FILE",
    meaning: "write down everything heard and said, one JSON object a line (JSONL); an older file is replaced",
  },
  unmasked: {
    value: "",
    meaning: "with passwords in the recording, at the control door and on its page; as dots they cannot be replayed",
  },
  "no-wall": { value: "", meaning: "without the machine's time in the recording: same seed, same bytes" },
  help: { value: "", meaning: "this" },
} as const satisfies Record<string, ArgumentRow>;

type Argument = keyof typeof argumentTable;
type Flag = "help" | "unmasked" | "no-wall" | "list-scenarios";
type Many = "fault" | "weather-kind" | "tcp" | "dial-in" | "serial-link" | "mqtt";
type OneOf = Exclude<Argument, Many | Flag>;
type Given = Partial<Record<OneOf, string>> & Partial<Record<Flag, boolean>> & Partial<Record<Many, readonly string[]>>;

export type Plan = Omit<StreetOptions, "clock" | "log"> & { readonly record?: RecordingOrder | undefined };

/** What to raise; "help" when that was asked for. Throws UsageError. */
export function planFrom(argv: readonly string[], environment: Readonly<Record<string, string | undefined>>): Plan | "help" {
  const given = readArguments(argv);
  if (typeof given === "string") return given;
  if (given.state !== undefined) return planFromState(given.state, given, environment);
  try {
    return planOf(given, environment);
  } catch (error) {
    if (error instanceof MisplacedBus) throw new UsageError(error.message, { cause: error });
    if (!(error instanceof ScenarioError)) throw error;
    throw new UsageError(`--scenario ${given.scenario!}: ${error.message}`, { cause: error });
  }
}

function planOf(given: Given, environment: Readonly<Record<string, string | undefined>>): Plan {
  const file = given.scenario === undefined ? undefined : readScenario(given.scenario);
  const scenario = file?.scenario ?? {};
  const places = { file: `--scenario ${given.scenario ?? ""}`, mayAdd: true };
  const buses = placedBuses(scenario.buses ?? [], busesFrom(given, environment), places);
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
  const busIds = buses.map(({ id }) => id);
  const isPeopled = scenario.meters !== undefined || scenario.fleets !== undefined;
  const generated = !isPeopled || given.meters !== undefined ? rowOfMeters(given, busIds) : [];
  const meters: MeterPlan[] = [...(file === undefined ? [] : metersIn(file, busIds)), ...generated].map((plan) =>
    withCommon(plan, common),
  );
  const named = { meters: new Set(meters.map(({ address }) => address)), buses: new Set(busIds) };
  return {
    buses,
    meters,
    faults: faultsFrom(given, file, named),
    story: file === undefined ? undefined : storyIn(file, named),
    weather: weatherFrom(given, scenario.weather),
    seed: given.seed ?? scenario.seed ?? 1,
    speed: numberOf(given, "speed", { min: 0, max: 100_000 }) ?? scenario.speed,
    start: startOf(given.start ?? scenario.start),
    price:
      matching(given, "price", /^\d{1,6}(\.\d{1,4})?$/, 'yuan per kWh with at most four decimals, like "0.5283"') ??
      scenario.price,
    ...doorsFrom(given),
  };
}

function planFromState(file: string, given: Given, environment: Readonly<Record<string, string | undefined>>): Plan {
  const strange = Object.keys(given).find((name) => !BESIDE_STATE.includes(name));
  if (strange !== undefined) throw new UsageError(`--${strange}: not beside --state, which says it already`);
  const speed = numberOf(given, "speed", { min: 0, max: 100_000 });
  try {
    return { ...optionsFromState(file, { buses: busesFrom(given, environment), speed }), ...doorsFrom(given) };
  } catch (error) {
    throw new UsageError(reasonOf(error), { cause: error });
  }
}

function doorsFrom(given: Given): Pick<Plan, "controlPort" | "host" | "record" | "unmasked"> {
  const { record, unmasked, "no-wall": withoutWall, host } = given;
  if (record === undefined && withoutWall === true) throw new UsageError("--no-wall says how to --record: give a file for it");
  if (record === undefined && given.control === undefined && unmasked === true)
    throw new UsageError("--unmasked says how to --record and what --control shows: give one of them");
  return {
    unmasked,
    controlPort: numberOf(given, "control", PORT),
    host,
    ...(record === undefined ? {} : { record: { file: record, unmasked, withoutWall, sinceRaised: true, replace: true } }),
  };
}

const PORT = { min: 0, max: 65_535, whole: true };
const BAUD = { min: 50, max: 4_000_000, whole: true };

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
      { type: row.value === "" ? ("boolean" as const) : ("string" as const), multiple: "repeats" in row },
    ]),
  );
  try {
    const { values } = parseArgs({ args: [...argv], options, strict: true, allowPositionals: false });
    return values["help"] === true ? "help" : values;
  } catch (error) {
    throw new UsageError(reasonOf(error), { cause: error });
  }
}

function busesFrom(given: Given, environment: Readonly<Record<string, string | undefined>>): GivenBus[] {
  const answerDelayMs = numberOf(given, "answer-delay-ms", { min: 0, max: 60_000 });
  const baud = numberOf(given, "baud", BAUD);
  const serialBaud = numberOf(given, "serial-baud", BAUD);
  const busesOf = (argument: "tcp" | "dial-in" | "serial-link" | "mqtt", id: string, endpoint: (text: string) => EndpointPlan) =>
    (given[argument] ?? []).map((text): GivenBus => {
      const { bus, value } = withName(text);
      const pace = argument === "serial-link" ? serialBaud : baud;
      return { argument, text, bus, plan: { id: bus ?? id, endpoint: endpoint(value), baud: pace, answerDelayMs } };
    });
  return [
    ...busesOf("tcp", "tcp-1", (text) => ({ kind: "tcp", port: numberIn(text, "tcp", PORT) })),
    ...busesOf("dial-in", "dial-in-1", (text) => dialInFrom(text, given)),
    ...busesOf("serial-link", "serial-1", (link) => {
      if (link === "") throw new UsageError("--serial-link: a path is missing");
      return { kind: "serial", link };
    }),
    ...busesOf("mqtt", "mqtt-1", (text) => ({
      ...{ kind: "mqtt", url: brokerUrl(text), payload: oneOf<MqttPayload>(given, "mqtt-payload", ["raw", "hex", "json"]) },
      username: given["mqtt-username"],
      password: given["mqtt-password"] ?? environment["MQTT_PASSWORD"],
    })),
  ];
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
function faultsFrom({ fault = [] }: Given, file: ScenarioFile | undefined, places: Places): PlacedFault[] {
  const ofFile = file === undefined ? [] : faultsIn(file, places);
  const given = fault.map((text) => {
    try {
      return faultFromText(text, places);
    } catch (error) {
      throw new UsageError(`--fault ${text}: ${reasonOf(error)}`, { cause: error });
    }
  });
  return [...ofFile, ...given];
}

/** What is given on the command line wins over the scenario's. */
function weatherFrom(given: Given, ofScenario: WeatherPlan | undefined): WeatherPlan | undefined {
  const faultsPerHour = numberOf(given, "faults-per-hour", { min: 0, max: FAULTS_PER_HOUR_MAX });
  const named = given["weather-kind"];
  if (given.weather === undefined && faultsPerHour === undefined && named === undefined) return ofScenario;
  const common = {
    seed: given.weather ?? ofScenario?.seed,
    faultsPerHour: faultsPerHour ?? ofScenario?.faultsPerHour ?? 6,
  };
  if (named === undefined) return { ...common, ...(ofScenario?.kinds === undefined ? {} : { kinds: ofScenario.kinds }) };
  const kinds = Object.fromEntries(named.map(weatherKindFromText)) as WeatherKinds;
  try {
    return { ...common, kinds: checkedWeather({ ...common, kinds }).kinds };
  } catch (error) {
    const { field, allowed } = isFault(error) ? error.context : {};
    if (typeof field !== "string" || typeof allowed !== "string") throw error;
    throw new UsageError(`--weather-kind ${field.replace("kinds.", "")}: ${allowed}`, { cause: error });
  }
}

function rowOfMeters(given: Given, busIds: readonly string[]): MeterPlan[] {
  const count = numberOf(given, "meters", { min: 1, max: METERS_MAX, whole: true }) ?? 40;
  const first = matching(given, "first-address", /^\d{12}$/, "twelve digits") ?? "202611220001";
  const row = rowOf(first, count, busIds);
  if (row === undefined) throw new UsageError(`--first-address ${first}: ${count} meters do not fit behind it`);
  return row;
}

function brokerUrl(text: string): string {
  const url = URL.parse(text);
  if (url !== null && ["mqtt:", "mqtts:", "tcp:", "ws:", "wss:"].includes(url.protocol)) return text;
  throw new UsageError("--mqtt: a broker's URL is wanted, like mqtt://127.0.0.1:1883");
}

export function startOf(text: string | undefined, name = "--start"): Instant | undefined {
  if (text === undefined) return undefined;
  const at = timeOf(text);
  if (at === undefined) throw new UsageError(`${name} ${text}: a time is wanted, like 2026-11-22T10:00:00+08:00`);
  return at;
}

interface Range {
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
}

function numberOf(given: Given, name: OneOf, range: Range): number | undefined {
  const text = given[name];
  return text === undefined ? undefined : numberIn(text, name, range);
}

function numberIn(text: string, name: Argument, { min, max, whole = false }: Range): number {
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
  const others = "Also: simulator cipher-server, simulator replay, simulator make-test; each with --help.";
  return ["simulator: a street of virtual DL/T 645 meters", "", ...rows, "", others, ""].join("\n");
}
