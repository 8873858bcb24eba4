/**
 * The site file and the environment become one typed, frozen Config. What the file may look like, and every default, stand in `site-file.ts`.
 *
 * The file is validated as a whole before anything is started: each error names the path in the file and says what is
 * allowed, and all of them are told at once. Environment wins over the file.
 */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { Fault, reasonOf } from "./kernel/faults.ts";
import { AccountId, BusId, type MeterAddress } from "./kernel/ids.ts";
import { parseYuan, type Fen } from "./kernel/money.ts";
import { Secret } from "./kernel/secret.ts";
import type { CollectionSettings } from "./collection/settings.ts";
import { complaintsAbout } from "./devices/dial-in/caller-book.ts";
import { keptInMachine, openVault } from "./security/vault.ts";
import { meterModels } from "./devices/meter-models.ts";
import { cannotDo } from "./devices/model-for-rules.ts";
import type { KeptPassword, MeterRecord } from "./devices/meter.ts";
import type { Tier, Tiers } from "./devices/poll-tiers.ts";
import type { GuardRails } from "./policy/guard-settings.ts";
import { complaintsAboutSilence, noticesConfigOf, type NoticesConfig } from "./notices/config.ts";
import { complaintsAboutPolicy, policyOf, strategiesOf, type PolicyConfig } from "./policy/policy-config.ts";
import type { PolicyRules } from "./policy/policy-file.ts";
import type { GateSettings } from "./validation/limits.ts";
import { gateSettingsOf } from "./validation/site-shape.ts";
import type { Right } from "./kernel/permissions.ts";
import { recoverySettings, type RecoverySettings } from "./recovery/settings.ts";
import { siteFile, type SiteFile } from "./site-file.ts";
import { allowed, Complaints, pathText, unique } from "./site/complaints.ts";
import { atBase } from "./site/places.ts";
import { securityOf, type HsmConfig, type SoftwareKeys } from "./site/security.ts";
import { tariffOf } from "./tariff/site-tariffs.ts";
import type { Tariffs } from "./tariff/tariff.ts";

export type { HsmConfig, SoftwareKeys } from "./site/security.ts";

export interface Config {
  readonly site: { readonly name: string; readonly timeZone: string };
  readonly http: { readonly host: string; readonly port: number; readonly publicUrl?: string };
  readonly stores: {
    readonly database: "embedded" | Secret<string>;
    readonly redis: Secret<string> | null;
    readonly data: string;
  };
  readonly mqtt: {
    readonly url: "embedded" | Secret<string>;
    readonly username: string | null;
    readonly password: Secret<string> | null;
    readonly ca: string | null;
    readonly clientId: string | null;
  };
  readonly buses: SiteFile["buses"];
  readonly meters: readonly MeterRecord[];
  readonly accounts: readonly {
    readonly account: AccountId;
    readonly name: string;
    readonly class: string;
    readonly mode: "local" | "remote";
    readonly tariff: string;
    /** The customer can be reached; left out: not. */
    readonly hasContact?: true;
    /** Rules of its own. */
    readonly policy?: PolicyRules;
  }[];
  /** In the file's order. */
  readonly tariffs: Tariffs;
  /** By class, for accounts that name none; where the class has none either, it is the first. */
  readonly classTariffs: ReadonlyMap<string, string>;
  readonly tariffPush: SiteFile["tariffPush"];
  readonly policy: PolicyConfig;
  readonly guardRails: GuardRails;
  /** By class of customer; left out: no class has rules of its own. */
  readonly classes?: ReadonlyMap<string, { readonly policy?: PolicyRules | undefined }>;
  readonly notices: NoticesConfig;
  readonly polling: Tiers;
  readonly validation: GateSettings;
  readonly collection: CollectionSettings;
  readonly paymentCap: Fen;
  readonly retention: SiteFile["retention"];
  readonly recovery: RecoverySettings;
  /** Minute of the day at which ledger and meters are compared; null: only when somebody asks. */
  readonly compareAt: number | null;
  /** Null: any channel name is accepted. */
  readonly channels: ReadonlySet<string> | null;
  readonly apiKeys: readonly { readonly name: string; readonly secret: Secret<string>; readonly may?: readonly Right[] }[];
  readonly security: SoftwareKeys | HsmConfig;
  /** Null: the data folder keeps its own. */
  readonly receiptKey: Secret<string> | null;
  readonly logLevel: string;
  readonly production: boolean;
  /** What is right enough to start with and should be mended, for whoever starts: secrets that strangers can read. */
  readonly warnings: readonly string[];
}

/** Of a key to the API: what nobody tries out. */
const KEY_LETTERS_ENOUGH = 16;

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads and validates; every complaint is told at once, with its path, and with the line where the file gives one. */
export function loadConfig(options: { readonly path: string; readonly env: Environment }): Config {
  let text: string;
  try {
    text = readFileSync(options.path, "utf8");
  } catch (error) {
    throw new Fault("site-file-invalid", {
      file: options.path,
      errors: [`cannot be read: ${reasonOf(error)}; name another one in GATEWAY_CONFIG`],
    });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true });
  if (document.errors.length > 0) {
    throw new Fault("site-file-invalid", {
      file: options.path,
      errors: document.errors.map((error) => `line ${lines.linePos(error.pos[0]).line}: ${error.message.split("\n")[0] ?? ""}`),
    });
  }
  const lineOf = (path: readonly PropertyKey[]): string => {
    const node = document.getIn(path as string[], true) as { range?: [number, number, number] } | undefined;
    return node?.range === undefined ? "" : ` (line ${lines.linePos(node.range[0]).line})`;
  };
  return buildConfig(document.toJS() as unknown, { file: options.path, env: options.env, lineOf });
}

export function buildConfig(
  input: unknown,
  options: { readonly file: string; readonly env: Environment; readonly lineOf?: (path: readonly PropertyKey[]) => string },
): Config {
  const complaints = new Complaints();
  const parsed = siteFile.safeParse(input ?? {});
  if (!parsed.success) {
    for (const issue of parsed.error.issues)
      complaints.add(pathText(issue.path) + (options.lineOf?.(issue.path) ?? ""), allowed(issue));
    complaints.throwIfAny(options.file);
  }
  const file = parsed.data!;
  const base = dirname(resolve(options.file));
  const env = options.env;
  const warnings: string[] = [];
  const vault = openVault({
    base,
    env,
    production: env["NODE_ENV"] === "production",
    warn: (what) => warnings.push(what),
    ...(file.vault === undefined ? {} : { file: file.vault.file }),
  });
  const secret = (path: string, reference: string): Secret<string> => {
    const found = vault.find(reference);
    if (found instanceof Secret) return found;
    complaints.add(path, found.complaint);
    return new Secret("");
  };
  const password = (path: string, reference: string): Secret<string> | KeptPassword => {
    const kept = keptInMachine(reference, file.security.kind);
    if (kept === null) return secret(path, reference);
    if (!("complaint" in kept)) return kept;
    complaints.add(path, kept.complaint);
    return new Secret("");
  };

  try {
    new Intl.DateTimeFormat("en", { timeZone: file.site.timeZone });
  } catch {
    complaints.add("site.timeZone", `"${file.site.timeZone}" is no time zone; use a name like Asia/Shanghai`);
  }
  unique(
    file.buses.map((bus) => bus.id),
    "buses",
    "id",
    complaints,
  );
  unique(
    file.meters.map((meter) => meter.address),
    "meters",
    "address",
    complaints,
  );
  unique(
    file.accounts.map((account) => account.account),
    "accounts",
    "account",
    complaints,
  );
  unique(
    file.tariffs.map((tariff) => tariff.id),
    "tariffs",
    "id",
    complaints,
  );
  const tariffs: Tariffs = new Map(file.tariffs.map((tariff) => [tariff.id, tariffOf(tariff)]));
  const classTariffs = new Map(
    Object.entries(file.classes).flatMap(([name, { tariff }]) => (tariff === undefined ? [] : [[name, tariff] as const])),
  );
  const buses = new Set(file.buses.map((bus) => bus.id));
  const bound = new Map<string, number>();
  file.meters.forEach((meter, index) => {
    if (!buses.has(meter.bus))
      complaints.add(`meters[${index}].bus`, `no bus has the id "${meter.bus}"; there are: ${[...buses].join(", ") || "none"}`);
    if (meter.account === undefined) return;
    const other = bound.get(meter.account);
    if (other !== undefined)
      complaints.add(`meters[${index}].account`, `account ${meter.account} already has meters[${other}]; one meter per account`);
    bound.set(meter.account, index);
  });
  for (const [index, bus] of file.buses.entries()) {
    const behind = file.meters.filter((meter) => meter.bus === bus.id).map((meter) => meter.address);
    if (bus.transport.kind === "tcp-server")
      for (const { path, what } of complaintsAbout(bus, new Set(behind))) complaints.add(`buses[${index}].${path}`, what);
    else if (bus.dialIn !== undefined || bus.callers !== undefined)
      complaints.add(`buses[${index}]`, "dialIn and callers belong to a bus of kind tcp-server");
  }
  const accounts = accountsOf(file, { tariffs, classTariffs }, complaints);
  const { guardRails, ...rulesOfSite } = file.policy;
  const policy = policyOf(rulesOfSite);
  const classes = new Map(Object.entries(file.classes));
  const meters = file.meters.map((meter, index): MeterRecord => ({
    address: meter.address as MeterAddress,
    meterNumber: meter.meterNumber ?? meter.address,
    customerNumber: meter.customerNumber ?? `00${meter.address.slice(2)}`,
    account: meter.account === undefined ? null : AccountId(meter.account),
    bus: BusId(meter.bus),
    model: meter.model,
    ...(meter.feeder === undefined ? {} : { feeder: meter.feeder }),
    ...(meter.testBench === undefined ? {} : { testBench: meter.testBench }),
    ...(meter.currentMax === undefined ? {} : { currentMaxA: meter.currentMax }),
    relayPassword:
      meter.relayPassword === undefined
        ? null
        : {
            level: meter.relayPassword.level,
            secret: password(
              `meters[${index}].relayPassword.secret`,
              meter.relayPassword.secret.replaceAll("{address}", meter.address),
            ),
          },
  }));
  const ruled = { site: { timeZone: "UTC" }, policy, classes, accounts };
  for (const { path, what } of complaintsAboutPolicy(ruled)) complaints.add(path, what);
  const strategies = strategiesOf(ruled);
  if (file.notices.channels.length === 0)
    for (const { path, what } of complaintsAboutSilence(strategies, accounts)) complaints.add(path, what);
  const complain = (path: string, what: string): void => complaints.add(path, what);
  const warn = (what: string): void => void warnings.push(what);
  const notices = noticesConfigOf({ ...file, given: file.notices, base, secret, complain, warn });
  meters.forEach((meter, index) => {
    const account = accounts.find((one) => one.account === meter.account);
    const { rules } = strategies.of(meter.account ?? AccountId("nobody"), account?.class ?? "residential");
    for (const what of cannotDo(meter.model, account?.mode ?? null, rules)) complaints.add(`meters[${index}].model`, what);
    const known = meter.relayPassword?.secret;
    const digits = known instanceof Secret ? known.open() : "";
    if (digits !== "" && !/^\d{6}$/.test(digits))
      complaints.add(`meters[${index}].relayPassword.secret`, "a relay password has six digits");
  });
  const apiKeys = file.apiKeys.map((key, index) => ({
    ...{ name: key.name, secret: secret(`apiKeys[${index}].secret`, key.secret) },
    ...(key.may === undefined ? {} : { may: key.may }),
  }));
  // rights go by the name: two of one name would have each other's
  unique(
    apiKeys.map(({ name }) => name),
    "apiKeys",
    "name",
    complaints,
  );
  apiKeys.forEach((key, index) => {
    const letters = key.secret.open().length;
    if (letters > 0 && letters < KEY_LETTERS_ENOUGH)
      warnings.push(
        `apiKeys[${index}].secret has ${letters} letters: whoever reaches the port can guess it. Use ${KEY_LETTERS_ENOUGH} random ones or more.`,
      );
  });
  if (apiKeys.length === 0 && !isLoopback(file.http.host))
    complaints.add("http.host", `without apiKeys the API listens on loopback only; "${file.http.host}" is not`);
  const database = env["DATABASE_URL"] ?? file.stores.database;
  if (database !== "embedded" && !/^postgres(ql)?:\/\//.test(database))
    complaints.add(
      env["DATABASE_URL"] === undefined ? "stores.database" : "DATABASE_URL",
      "embedded, or postgres://USER:PASSWORD@HOST:PORT/NAME",
    );
  const redis = env["REDIS_URL"] ?? file.stores.redis;
  if (redis !== null && !/^rediss?:\/\//.test(redis))
    complaints.add(env["REDIS_URL"] === undefined ? "stores.redis" : "REDIS_URL", "null, or redis://HOST:PORT");
  const mqtt = env["MQTT_URL"] ?? file.mqtt.url;
  if (mqtt !== "embedded" && !/^(mqtts?|tcp|ssl):\/\//.test(mqtt))
    complaints.add(env["MQTT_URL"] === undefined ? "mqtt.url" : "MQTT_URL", "embedded, or mqtt://HOST:PORT");
  const httpPort = env["HTTP_PORT"] === undefined ? file.http.port : Number(env["HTTP_PORT"]);
  if (!Number.isInteger(httpPort) || httpPort < 0 || httpPort > 65_535) complaints.add("HTTP_PORT", "a port, 0 to 65535");
  const levels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"];
  const logLevel = env["LOG_LEVEL"] ?? "info";
  if (!levels.includes(logLevel)) complaints.add("LOG_LEVEL", `one of ${levels.join(", ")}`);
  file.channels?.forEach((channel, index) => {
    if (channel.secret !== undefined) secret(`channels[${index}].secret`, channel.secret); // kept for signed payments; a wrong name is found now
  });
  if (file.channels !== undefined)
    unique(
      file.channels.map((channel) => channel.name),
      "channels",
      "name",
      complaints,
    );
  const mqttPassword = file.mqtt.password === undefined ? null : secret("mqtt.password", file.mqtt.password);
  const security = securityOf(file.security, base, secret, complaints);
  const receiptKey = file.receipts.key === undefined ? null : secret("receipts.key", file.receipts.key);
  complaints.throwIfAny(options.file);
  const config: Config = {
    site: file.site,
    http: {
      host: file.http.host,
      port: httpPort,
      ...(file.http.publicUrl === undefined ? {} : { publicUrl: file.http.publicUrl }),
    },
    stores: {
      database: database === "embedded" ? "embedded" : new Secret(database),
      redis: redis === null ? null : new Secret(redis),
      data: atBase(base, env["GATEWAY_DATA"] ?? file.stores.data, env["GATEWAY_DATA"] !== undefined),
    },
    mqtt: {
      url: mqtt === "embedded" ? "embedded" : new Secret(mqtt),
      username: file.mqtt.username ?? null,
      password: mqttPassword,
      ca: file.mqtt.ca === undefined ? null : atBase(base, file.mqtt.ca, false),
      clientId: file.mqtt.clientId ?? null,
    },
    buses: file.buses,
    meters,
    accounts,
    tariffs,
    classTariffs,
    tariffPush: file.tariffPush,
    policy,
    guardRails,
    classes,
    notices,
    polling: tiersOf(file.polling),
    validation: gateSettingsOf(file.validation),
    collection: file.collection,
    paymentCap: parseYuan(file.payments.cap),
    retention: file.retention,
    recovery: recoverySettings(file.recovery),
    compareAt: file.reconciliation.at === null ? null : minuteOfDay(file.reconciliation.at),
    channels: file.channels === undefined ? null : new Set([...file.channels.map((channel) => channel.name), "console"]),
    apiKeys,
    security,
    receiptKey,
    logLevel,
    production: env["NODE_ENV"] === "production",
    warnings,
  };
  return Object.freeze(config);
}

/** Accounts named by meters exist even when the file does not list them; the meter's model tells where their money is kept. */
function accountsOf(
  file: SiteFile,
  prices: Pick<Config, "tariffs" | "classTariffs">,
  complaints: Complaints,
): Config["accounts"] {
  const tariffs = [...prices.tariffs.keys()];
  const check = (path: string, tariff: string): void => {
    if (!tariffs.includes(tariff)) complaints.add(path, `no tariff has the id "${tariff}"; there are: ${tariffs.join(", ")}`);
  };
  for (const [name, { tariff }] of Object.entries(file.classes))
    if (tariff !== undefined) check(`classes.${name}.tariff`, tariff);
  const listed = new Map(file.accounts.map((account, index) => [account.account, { ...account, index }]));
  const meterOf = new Map(file.meters.flatMap((meter) => (meter.account === undefined ? [] : [[meter.account, meter] as const])));
  const names = new Set([...listed.keys(), ...meterOf.keys()]);
  return [...names].map((account) => {
    const given = listed.get(account);
    const meter = meterOf.get(account);
    const natural = meter !== undefined && !meterModels[meter.model].wallet ? "remote" : "local";
    const mode = given?.mode ?? natural;
    const kind = given?.class ?? "residential";
    if (given?.tariff !== undefined) check(`accounts[${given.index}].tariff`, given.tariff);
    if (meterOf.has(account) && mode !== natural)
      complaints.add(`accounts[${given?.index ?? 0}].mode`, `a ${meterOf.get(account)!.model} meter needs mode: ${natural}`);
    const tariff = given?.tariff ?? tariffOfClass(prices, kind);
    return {
      ...{ account: AccountId(account), name: given?.name ?? account, class: kind, mode, tariff },
      ...(given?.contact === undefined && given?.email === undefined ? {} : { hasContact: true as const }),
      ...(given?.policy === undefined ? {} : { policy: given.policy }),
    };
  });
}

/** The tariff of an account that names none. */
export const tariffOfClass = ({ tariffs, classTariffs }: Pick<Config, "tariffs" | "classTariffs">, name: string): string =>
  classTariffs.get(name) ?? [...tariffs.keys()][0]!;

export const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);

const minuteOfDay = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));

function tiersOf({ everySeconds, tiers }: SiteFile["polling"]): Tiers {
  const tier = (every: number, items: readonly string[] | undefined): Tier => ({ everyMs: every * 1_000, items: items ?? null });
  const { hot, warm, cold } = tiers ?? {};
  return {
    hot: hot === undefined ? null : tier(hot.everySeconds, hot.items),
    warm: tier(warm?.everySeconds ?? everySeconds, warm?.items),
    cold: cold === undefined ? null : tier(cold.everySeconds, cold.items),
  };
}
