/** `simulator cipher-server …`: its arguments, what they mean and what is wrong with them. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { reasonOf } from "../src/kernel/faults.ts";
import { Secret } from "../src/kernel/secret.ts";
import { cipherServerModes, isCipherServerMode } from "./cipher-server-modes.ts";
import type { CipherServerOptions } from "./cipher-server.ts";
import { UsageError } from "./options.ts";

const modes = Object.keys(cipherServerModes);

const cipherServerArguments = {
  port: ["PORT", "where gateways connect, 0 for a free port (default: 0)"],
  host: ["ADDRESS", "where it listens (default: 127.0.0.1)"],
  control: ["PORT", "the side door (HTTP) on this port, 0 for a free one"],
  "secret-file": ["FILE", "the secret shared with the gateway; or HSM_SECRET in the environment"],
  passwords: ["FILE", 'passwords that it keeps, a line each: relay/202611220001: "123456" (default: none)'],
  mode: ["MODE", `${modes.join(", ")} (default: honest)`],
  "slow-ms": ["MS", "how late mode slow answers (default: 10000)"],
  cert: ["FILE", "certificate (PEM): TLS, with --key"],
  key: ["FILE", "its private key (PEM)"],
  seed: ["SEED", "same seed, same challenges (default: drawn by chance)"],
  help: ["", "this"],
} as const;

type Argument = keyof typeof cipherServerArguments;

export type CipherServerPlan = Omit<CipherServerOptions, "clock" | "chance" | "log"> & {
  readonly controlPort: number | undefined;
  readonly seed: string | undefined;
};

export function cipherServerPlan(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): CipherServerPlan | "help" {
  const given = argumentsIn(argv);
  if (given === "help") return "help";
  const mode = given.mode ?? "honest";
  if (!isCipherServerMode(mode)) throw new UsageError(`--mode ${mode}: allowed are ${modes.join(", ")}`);
  if ((given.cert === undefined) !== (given.key === undefined)) throw new UsageError("--cert and --key go together");
  const secret = given["secret-file"] === undefined ? environment["HSM_SECRET"] : fileOf(given, "secret-file").trim();
  if (secret === undefined || secret === "")
    throw new UsageError("no secret: name a file with --secret-file, or set HSM_SECRET in the environment");
  return {
    port: wholeNumber(given, "port", 65_535),
    host: given.host,
    mode,
    slowMs: wholeNumber(given, "slow-ms", 600_000),
    controlPort: wholeNumber(given, "control", 65_535),
    seed: given.seed,
    secret: new Secret(secret),
    passwords: given.passwords === undefined ? undefined : passwordsIn(fileOf(given, "passwords")),
    tls: given.cert === undefined ? undefined : { cert: fileOf(given, "cert"), key: fileOf(given, "key") },
  };
}

function argumentsIn(argv: readonly string[]): Partial<Record<Argument, string>> | "help" {
  const options = Object.fromEntries(
    Object.keys(cipherServerArguments).map((name) => [
      name,
      { type: name === "help" ? ("boolean" as const) : ("string" as const) },
    ]),
  );
  try {
    const { values } = parseArgs({ args: [...argv], options, strict: true, allowPositionals: false });
    return values["help"] === true ? "help" : values;
  } catch (error) {
    throw new UsageError(reasonOf(error), { cause: error });
  }
}

/** What is wrong is told without a word of what stands in the file. */
function passwordsIn(text: string): ReadonlyMap<string, Secret<string>> {
  const wanted = (what: string): UsageError =>
    new UsageError(`--passwords: ${what}; write one line for each: relay/202611220001: "123456"`);
  let given: unknown;
  try {
    given = parse(text);
  } catch {
    throw wanted("this is no YAML");
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) throw wanted("this is no map");
  const entries = Object.entries(given as Record<string, unknown>);
  const wrong = entries.find(([, value]) => typeof value !== "string" || !/^\d{6}$/.test(value));
  if (wrong !== undefined) throw wanted(`"${wrong[0]}" is not six digits in quotes`);
  return new Map(entries.map(([name, value]) => [name, new Secret(value as string)]));
}

function fileOf(given: Partial<Record<Argument, string>>, name: Argument): string {
  try {
    return readFileSync(given[name]!, "utf8");
  } catch (error) {
    throw new UsageError(`--${name}: ${reasonOf(error)}`, { cause: error });
  }
}

function wholeNumber(given: Partial<Record<Argument, string>>, name: Argument, max: number): number | undefined {
  const text = given[name];
  if (text === undefined) return undefined;
  if (/^\d{1,6}$/.test(text) && Number(text) <= max) return Number(text);
  throw new UsageError(`--${name} ${text}: a whole number from 0 to ${max} is wanted`);
}

export function cipherServerUsage(): string {
  const rows = Object.entries(cipherServerArguments).map(
    ([name, [value, meaning]]) => `  --${name}${value === "" ? "" : ` ${value}`}`.padEnd(28) + meaning,
  );
  return ["simulator cipher-server: an HSM in software, with published test keys", "", ...rows, ""].join("\n");
}
