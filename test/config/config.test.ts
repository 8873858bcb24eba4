/** The site file: defaults, the environment, and errors that name the path and say what is allowed. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { loadConfig, type Config } from "../../src/config.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { Secret } from "../../src/kernel/secret.ts";

const folder = mkdtempSync(join(tmpdir(), "site-file-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function load(text: string, env: Record<string, string> = {}): Config {
  const path = join(folder, `site-${files++}.yaml`);
  writeFileSync(path, text);
  return loadConfig({ path, env });
}
function complaints(text: string, env: Record<string, string> = {}): string[] {
  try {
    load(text, env);
  } catch (error) {
    if (isFault(error, "site-file-invalid")) return error.context["errors"] as string[];
    throw error;
  }
  return [];
}

function passwordOf(config: Config): string | undefined {
  const secret = config.meters[0]!.relayPassword?.secret;
  return secret instanceof Secret ? secret.open() : undefined;
}

const small = `
buses: [ { id: tcp-1, transport: { kind: tcp, host: 127.0.0.1, port: 2404 } } ]
meters: [ { address: "202611220001", account: "1000000001", bus: tcp-1, model: standard-wallet } ]
`;

const overMqtt = (fields: string): string =>
  small.replace("{ kind: tcp, host: 127.0.0.1, port: 2404 }", `{ kind: mqtt, ${fields} }`);
/** The same meter, on a bus that it dials. */
const dialIn = (more: string): string => `
buses: [ { id: hill, transport: { kind: tcp-server, port: 2405 }, ${more} } ]
meters: [ { address: "202611220001", account: "1000000001", bus: hill, model: standard-wallet } ]
`;

describe("defaults", () => {
  test("buses and meters are enough; everything else is as the contract shows it", () => {
    const config = load(small);
    expect(config.policy).toMatchObject({
      mode: "shadow",
      restoreBy: "arm",
      cutBelow: 0n,
      noCut: { hours: "17:00-08:00", weekends: true },
    });
    expect(config.http).toEqual({ host: "127.0.0.1", port: 8_080 });
    expect(config.meters[0]).toMatchObject({ meterNumber: "202611220001", customerNumber: "002611220001" });
    expect(config.accounts).toEqual([
      { account: "1000000001", name: "1000000001", class: "residential", mode: "local", tariff: "flat" },
    ]);
    expect(config.tariffs.get("flat")).toMatchObject({ versions: [{ prices: [5_283n] }] });
    expect(load(dialIn("callers: []")).buses[0]!.transport).toEqual({ kind: "tcp-server", port: 2_405, host: "127.0.0.1" });
    expect(config.stores.database).toBe("embedded");
    expect(config.channels).toBe(null);
  });

  test("polling: one round for everybody, or tiers; a period alone means what it always did", () => {
    expect(load(small).polling).toEqual({ hot: null, warm: { everyMs: 900_000, items: null }, cold: null });
    expect(load(`${small}polling: { everySeconds: 60 }`).polling).toEqual({
      hot: null,
      warm: { everyMs: 60_000, items: null },
      cold: null,
    });
    const tiers = "hot: {}, warm: { items: [importedEnergy] }, cold: { everySeconds: 3600, items: [clock, 0201FF00] }";
    expect(load(`${small}polling: { everySeconds: 600, tiers: { ${tiers} } }`).polling).toEqual({
      hot: { everyMs: 120_000, items: null },
      warm: { everyMs: 600_000, items: ["importedEnergy"] },
      cold: { everyMs: 3_600_000, items: ["clock", "0201FF00"] },
    });
    expect(complaints(`${small}polling: { tiers: { cold: { items: [volts] } } }`)).toEqual([
      expect.stringMatching(/^polling\.tiers\.cold\.items\[0\].*data-items\.md/),
    ]);
  });

  test("a bus over MQTT: one line per meter, raw; JSON as most modems write it, its names can be others; a DTU shares its topics", () => {
    const of = (fields: string) => load(overMqtt(fields)).buses[0]!.transport;
    expect(of("payload: raw")).toEqual({
      kind: "mqtt",
      down: "meters/{address}/down",
      up: "meters/{address}/up",
      payload: "raw",
    });
    expect(of("payload: json, json: {}")).toMatchObject({ json: { data: "data", id: "msg_id", encoding: "hex" } });
    expect(of("payload: json, json: { data: frame, id: null, encoding: base64 }")).toMatchObject({
      json: { data: "frame", id: null, encoding: "base64" },
    });
    expect(of("payload: hex, down: dtu/17/down, up: dtu/17/up")).toMatchObject({ down: "dtu/17/down", up: "dtu/17/up" });
    expect(load(`${small}\nmqtt: { clientId: north-1 }`).mqtt.clientId).toBe("north-1");
  });

  test("JSON is YAML", () => {
    expect(load(JSON.stringify({ buses: [], meters: [] })).meters).toEqual([]);
  });

  test("the environment wins", () => {
    const config = load(small, {
      HTTP_PORT: "0",
      DATABASE_URL: "postgres://u:secret@h/d",
      REDIS_URL: "redis://h:1",
      MQTT_URL: "mqtt://h:1",
      GATEWAY_DATA: "/tmp/elsewhere",
    });
    expect(config.http.port).toBe(0);
    expect(config.stores.data).toBe("/tmp/elsewhere");
    expect(JSON.stringify(config, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value))).not.toContain(
      "secret",
    );
  });

  test("an HSM: its place, its secret in dots, three seconds, TLS only where it is wanted", () => {
    writeFileSync(join(folder, "hsm-ca.pem"), "a certificate");
    const hsm = (more = ""): Config["security"] =>
      load(`${small}\nsecurity: { kind: hsm, url: "hsm://10.0.0.5:7645", secret: env:HSM_SECRET${more} }`, {
        HSM_SECRET: "drawn-by-chance-0001",
      }).security;
    const plain = hsm();
    expect(plain).toMatchObject({ kind: "hsm", host: "10.0.0.5", port: 7_645, deadlineMs: 3_000, tls: null });
    expect(plain.kind === "hsm" && plain.secret.open()).toBe("drawn-by-chance-0001");
    expect(JSON.stringify(plain)).toContain('"secret":"••••"');
    expect(hsm(", tls: true, deadlineMs: 500")).toMatchObject({ deadlineMs: 500, tls: { ca: null } });
    expect(hsm(", tls: true, ca: ./hsm-ca.pem")).toMatchObject({ tls: { ca: "a certificate" } });
    expect(load(small).security).toEqual({ kind: "software-test-keys" });
    expect(load(`${small}\nsecurity: {}`).security).toEqual({ kind: "software-test-keys" });
  });

  test("secrets come from files or the environment and print as dots", () => {
    writeFileSync(join(folder, "relay"), "123456\n");
    const config = load(
      small.replace("standard-wallet }", 'standard-wallet, relayPassword: { level: "02", secret: file:./relay } }'),
    );
    expect(passwordOf(config)).toBe("123456");
    expect(JSON.stringify(config.meters[0]!.relayPassword)).toBe('{"level":"02","secret":"••••"}');
  });
});

test("one line of the site file serves the passwords of all meters: {address} is the meter's own", () => {
  writeFileSync(join(folder, "vault.yaml"), 'relay/202611220001: "111111"\n', { mode: 0o600 });
  const withVault = (reference: string) =>
    `${small.replace("standard-wallet }", `standard-wallet, relayPassword: { level: "02", secret: "${reference}" } }`)}\nvault: { file: ./vault.yaml }`;
  expect(passwordOf(load(withVault("vault:relay/{address}")))).toBe("111111");
  expect(complaints(withVault("vault:relay/none"))).toEqual([
    expect.stringMatching(/^meters\[0\]\.relayPassword\.secret.*no entry "relay\/none"/),
  ]);
});

test("a relay password may stay in the cipher machine: the gateway knows its name, and nothing else may be kept there", () => {
  const kept = (reference: string) =>
    small.replace("standard-wallet }", `standard-wallet, relayPassword: { level: "02", secret: "${reference}" } }`);
  const machine = '\nsecurity: { kind: hsm, url: "hsm://127.0.0.1:7645", secret: env:HSM_SECRET }';
  const env = { HSM_SECRET: "drawn-by-chance-0001" };
  expect(load(kept("hsm:relay/{address}") + machine, env).meters[0]!.relayPassword).toEqual({
    level: "02",
    secret: { inMachine: "relay/202611220001" },
  });
  const path = "meters\\[0\\]\\.relayPassword\\.secret";
  expect(complaints(kept("hsm:relay/1"))).toEqual([
    expect.stringMatching(
      `^${path}: hsm:relay/1 is kept by a cipher machine, and security.kind is software-test-keys; it has to be hsm`,
    ),
  ]);
  for (const name of ["hsm:two words", `hsm:${"x".repeat(61)}`, 'hsm:a\\"b'])
    expect(complaints(kept(name) + machine, env)).toEqual([expect.stringMatching(`^${path}: hsm:NAME, with 1 to 60`)]);
  expect(complaints(kept("hsm:") + machine, env)).toEqual([expect.stringMatching(`^${path}.*or hsm:NAME where`)]);
  expect(complaints(`${small}\napiKeys: [{ name: desk, secret: "hsm:desk" }]`)).toEqual([
    expect.stringMatching(/^apiKeys\[0\]\.secret.*: file:PATH or env:NAME or vault:NAME;/),
  ]);
});

test("a secret that everybody may read is a warning, and in production the gateway does not start", () => {
  writeFileSync(join(folder, "open"), "123456");
  chmodSync(join(folder, "open"), 0o644);
  const text = small.replace("standard-wallet }", 'standard-wallet, relayPassword: { level: "02", secret: file:./open } }');
  expect(load(text).warnings).toEqual([expect.stringContaining("can be read by others")]);
  expect(complaints(text, { NODE_ENV: "production" })).toEqual([
    expect.stringMatching(/^meters\[0\]\.relayPassword\.secret.*chmod 600/),
  ]);
});

test("a key to the API that can be guessed is a warning", () => {
  const keys = (secret: string): readonly string[] =>
    load(`${small}\napiKeys: [{ name: desk, secret: env:KEY }]`, { KEY: secret }).warnings;
  expect(keys("k".repeat(15))).toEqual([expect.stringMatching(/^apiKeys\[0\]\.secret has 15 letters: .* Use 16 random ones/)]);
  expect(keys("k".repeat(16))).toEqual([]);
});

describe("errors name the path and say what is allowed", () => {
  writeFileSync(join(folder, "hsm-secret"), "too short\n");
  test.each([
    ["a short address", small.replace("202611220001", "2026"), /meters\[0\]\.address.*twelve digits/],
    ["an unknown bus", small.replace("bus: tcp-1", "bus: tcp-9"), /meters\[0\]\.bus.*"tcp-9"; there are: tcp-1/],
    ["an unknown model", small.replace("standard-wallet", "gold"), /meters\[0\]\.model.*"standard-wallet", "remote-ledger"/],
    [
      "a model that is known and cannot be ordered",
      small.replace("standard-wallet", "chint-soft-esam"),
      /meters\[0\]\.model.*"chint-soft-esam" is known, but the gateway cannot order it yet: .*computes its MACs.*; must be one of/,
    ],
    [
      "a breaker that nobody could restore",
      small.replace("standard-wallet", "breaker-645"),
      /meters\[0\]\.model.*a breaker-645 cannot be restored by "arm" \(policy\.restoreBy\)/,
    ],
    ["an unknown key", `${small}\npolcy: {}`, /unknown: polcy/],
    ["an unknown policy mode", `${small}\npolicy: { mode: dry }`, /policy\.mode.*"shadow", "live"/],
    [
      "the same address twice",
      small.replace("meters: [", 'meters: [ { address: "202611220001", bus: tcp-1, model: remote-ledger },'),
      /meters\[1\]\.address.*stands already at meters\[0\]/,
    ],
    [
      "two keys of one name, who would have each other's rights",
      `${small}\napiKeys: [{ name: desk, secret: env:KEY, may: [restore] }, { name: desk, secret: env:KEY }]`,
      /^apiKeys\[1\]\.name.*stands already at apiKeys\[0\]/m,
    ],
    [
      "two meters on one account",
      small.replace(
        "meters: [",
        'meters: [ { address: "202611220002", account: "1000000001", bus: tcp-1, model: standard-wallet },',
      ),
      /meters\[1\]\.account.*one meter per account/,
    ],
    ["a price with five decimals", `${small}\ntariffs: [ { id: flat, price: "0.52831" } ]`, /tariffs\[0\]\.price.*four decimals/],
    ["an unknown tariff", `${small}\naccounts: [ { account: "1000000001", tariff: gold } ]`, /accounts\[0\]\.tariff.*"gold"/],
    [
      "a mode that does not fit the model",
      `${small}\naccounts: [ { account: "1000000001", mode: remote } ]`,
      /accounts\[0\]\.mode.*needs mode: local/,
    ],
    [
      "a missing secret",
      small.replace("standard-wallet }", 'standard-wallet, relayPassword: { level: "02", secret: env:NOT_THERE } }'),
      /meters\[0\]\.relayPassword\.secret.*NOT_THERE is not set/,
    ],
    [
      "a secret in clear",
      small.replace("standard-wallet }", 'standard-wallet, relayPassword: { level: "02", secret: "123456" } }'),
      /relayPassword\.secret.*file:PATH or env:NAME/,
    ],
    ["an unknown kind of security", `${small}\nsecurity: { kind: magic }`, /security\.kind.*"hsm"/],
    [
      "an HSM without a place",
      `${small}\nsecurity: { kind: hsm, secret: file:./hsm-secret }`,
      /security\.url.*hsm:\/\/HOST:PORT/,
    ],
    [
      "an HSM without a port",
      `${small}\nsecurity: { kind: hsm, secret: file:./hsm-secret, url: "hsm://10.0.0.5" }`,
      /security\.url.*hsm:\/\/HOST:PORT/,
    ],
    [
      "an HSM by another protocol",
      `${small}\nsecurity: { kind: hsm, secret: file:./hsm-secret, url: "tcp://10.0.0.5:1" }`,
      /security\.url.*hsm:\/\/HOST:PORT/,
    ],
    [
      "a secret in the HSM's address",
      `${small}\nsecurity: { kind: hsm, secret: file:./hsm-secret, url: "hsm://me:secret@10.0.0.5:1" }`,
      /security\.url.*secret is named by security\.secret/,
    ],
    [
      "an HSM's secret in clear",
      `${small}\nsecurity: { kind: hsm, url: "hsm://h:1", secret: "drawn-by-chance-0001" }`,
      /security\.secret.*file:PATH or env:NAME/,
    ],
    [
      "an HSM's secret that can be guessed",
      `${small}\nsecurity: { kind: hsm, secret: file:./hsm-secret, url: "hsm://h:1" }`,
      /security\.secret.*at least 16 letters/,
    ],
    [
      "a certificate without TLS",
      `${small}\nsecurity: { kind: hsm, secret: file:./hsm-secret, url: "hsm://h:1", ca: ./ca.pem }`,
      /security\.ca.*only with tls: true/,
    ],
    [
      "a certificate that is not there",
      `${small}\nsecurity: { kind: hsm, secret: file:./hsm-secret, url: "hsm://h:1", tls: true, ca: ./nowhere.pem }`,
      /security\.ca.*cannot read the file.*nowhere\.pem/,
    ],
    [
      "an HSM with no time to answer",
      `${small}\nsecurity: { kind: hsm, secret: file:./hsm-secret, url: "hsm://h:1", deadlineMs: 5 }`,
      /security\.deadlineMs/,
    ],
    ["a place for keys that need none", `${small}\nsecurity: { url: "hsm://h:1" }`, /security.*unknown: url/],
    ["a time zone that is none", `${small}\nsite: { timeZone: Mars/Olympus }`, /site\.timeZone.*Mars\/Olympus/],
    ["open to the network without keys", `${small}\nhttp: { host: 0.0.0.0 }`, /http\.host.*loopback only/],
    [
      "callers of a bus that nobody dials",
      small.replace("port: 2404 }", "port: 2404 }, callers: [ { registration: R, meters: ['202611220001'] } ]"),
      /buses\[0\].*belong to a bus of kind tcp-server/,
    ],
    [
      "a caller with a meter of another bus",
      dialIn('callers: [ { registration: R, meters: ["202611220009"] } ]'),
      /buses\[0\]\.callers\[0\]\.meters\[0\].*no meter 202611220009 hangs on bus hill/,
    ],
    [
      "a pattern with a place that is none",
      dialIn('dialIn: { says: [ address, "REG {adress}" ] }'),
      /buses\[0\]\.dialIn\.says\[1\].*"\{adress\}" is no place.*ready-made: address, imei/,
    ],
    [
      "a topic without the address",
      small.replace("{ kind: tcp, host: 127.0.0.1, port: 2404 }", "{ kind: mqtt, down: orders }"),
      /buses\[0\]\.transport\.down.*\{address\}/,
    ],
    ["a DTU for one direction only", overMqtt("up: dtu/17/up"), /buses\[0\]\.transport\.up.*no \{address\}.*behind one DTU/],
    ["a topic with a wildcard", overMqtt("down: dtu/+, up: dtu/17/up"), /buses\[0\]\.transport\.down.*no wildcards/],
    [
      "fields of JSON where there is none",
      overMqtt("json: { data: frame }"),
      /buses\[0\]\.transport\.json.*only with payload: json/,
    ],
    [
      "frame and number in one field",
      overMqtt("payload: json, json: { id: data }"),
      /buses\[0\]\.transport\.json\.id.*data lies there/,
    ],
    ["a payload that is none", overMqtt("payload: xml"), /buses\[0\]\.transport\.payload.*"raw", "hex", "json"/],
    ["a client id with blanks", `${small}\nmqtt: { clientId: "my gateway" }`, /mqtt\.clientId/],
  ])("%s", (_title, text, expected) => {
    expect(complaints(text).join("\n")).toMatch(expected);
  });

  test("the line is told too, and all complaints come at once", () => {
    const all = complaints(small.replace("202611220001", "2026").replace("standard-wallet", "gold"));
    expect(all).toHaveLength(2);
    expect(all[0]).toMatch(/\(line 3\)/);
  });

  test("a file that is no YAML names the line", () => {
    expect(complaints("buses: [\nmeters: }")[0]).toMatch(/^line \d/);
  });

  test("a file that is not there says where else to name it", () => {
    expect(() => loadConfig({ path: join(folder, "nowhere.yaml"), env: {} })).toThrow(/GATEWAY_CONFIG/);
  });
});
