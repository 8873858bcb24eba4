/** `meterctl doctor`: what of this site works, what does not, and what to do about it. Looks only; changes nothing. */
import { constants } from "node:fs";
import { access, mkdir, stat } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { loadConfig, type Config, type HsmConfig } from "../config.ts";
import { systemChance } from "../kernel/chance.ts";
import { iso, systemClock } from "../kernel/clock.ts";
import { isFault, reasonOf } from "../kernel/faults.ts";
import { silentLog } from "../kernel/log.ts";
import { HsmModule } from "../security/hsm.ts";
import { listSerialPorts } from "../transports/serial-ports.ts";
import { getCiphers } from "node:crypto";

export interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly found: string;
  readonly next: string | null;
}

const CONNECT_MS_MAX = 3_000;
const good = (what: string, found: string): Finding => ({ what, ok: true, found, next: null });
const bad = (what: string, found: string, next: string): Finding => ({ what, ok: false, found, next });

export async function examine(env: Readonly<Record<string, string | undefined>>): Promise<readonly Finding[]> {
  const findings: Finding[] = [node(), ciphers(), clock()];
  const path = env["GATEWAY_CONFIG"] ?? "gateway.yaml";
  let config: Config;
  try {
    config = loadConfig({ path, env });
    findings.push(good("site file", `${path}: ${config.buses.length} buses, ${config.meters.length} meters`));
  } catch (error) {
    const errors = isFault(error, "site-file-invalid") ? (error.context["errors"] as string[]).join("; ") : reasonOf(error);
    return [
      ...findings,
      bad("site file", `${path}: ${errors}`, "Correct what is named, or name another file in GATEWAY_CONFIG."),
    ];
  }
  for (const warning of config.warnings) {
    const [found = "", next = ""] = warning.split("; ");
    findings.push(bad("secrets", found, `${next}; with NODE_ENV=production the gateway does not start like this.`));
  }
  findings.push(await dataFolder(config.stores.data));
  findings.push(
    config.stores.database === "embedded"
      ? good("database", "embedded PostgreSQL, started by the gateway")
      : await reach("database", config.stores.database.open(), 5_432, "Check DATABASE_URL and whether PostgreSQL runs."),
  );
  findings.push(
    config.stores.redis === null
      ? good("queue", "BullMQ on PostgreSQL")
      : await reach("queue", config.stores.redis.open(), 6_379, "Check REDIS_URL and whether Redis runs."),
  );
  if (config.security.kind === "hsm") findings.push(await cipherMachine(config.security, config.production));
  if (config.buses.some((bus) => bus.transport.kind === "mqtt")) {
    findings.push(
      config.mqtt.url === "embedded"
        ? good("broker", "embedded, started by the gateway")
        : await reach("broker", config.mqtt.url.open(), 1_883, "Check MQTT_URL and whether the broker runs."),
    );
  }
  findings.push(await httpPort(config.http));
  for (const bus of config.buses) {
    if (bus.transport.kind === "tcp-server") findings.push(await dialInPort(bus.id, bus.transport, config.http));
    if (bus.transport.kind === "serial") findings.push(await serialDevice(bus.id, bus.transport.path));
    if (bus.transport.kind === "tcp")
      findings.push(
        await reach(
          `bus ${bus.id}`,
          `tcp://${bus.transport.host}:${bus.transport.port}`,
          0,
          "Check host, port, and whether the serial server accepts another connection.",
        ),
      );
  }
  return findings;
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const fits = major > 22 || (major === 22 && minor >= 18);
  return fits
    ? good("node", process.versions.node)
    : bad("node", process.versions.node, "Use Node 22.18 or newer; npm ci brings one along.");
}

function ciphers(): Finding {
  const missing = ["sm4-ecb", "sm4-cbc"].filter((name) => !getCiphers().includes(name));
  return missing.length === 0
    ? good("ciphers", "SM4 is there")
    : bad("ciphers", `missing: ${missing.join(", ")}`, "Use a Node built with its own OpenSSL.");
}

function clock(): Finding {
  const now = systemClock.now();
  const text = iso(now);
  return new Date(now).getUTCFullYear() >= 2_025
    ? good("clock", text)
    : bad("clock", text, "Set the machine's clock: deadlines and bills depend on it.");
}

async function dataFolder(folder: string): Promise<Finding> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK | constants.X_OK);
    return good("data folder", folder);
  } catch (error) {
    return bad("data folder", reasonOf(error), "Give the gateway's user the right to write there, or set GATEWAY_DATA.");
  }
}

/** Dials it, both sides prove that they know the secret, as when the gateway starts, and hangs up. */
async function cipherMachine({ host, port, ...rest }: HsmConfig, production: boolean): Promise<Finding> {
  const common = { clock: systemClock, chance: systemChance, log: silentLog, production };
  const hsm = new HsmModule({ ...rest, ...common, place: { host, port, tls: rest.tls } });
  try {
    await hsm.start();
    const { machine, trouble } = hsm;
    if (machine === null)
      return bad(
        "security",
        `${hsm.name}: ${trouble?.why ?? "down"}`,
        "Check security in the site file, and whether the machine runs.",
      );
    return good("security", `${hsm.name}: ${machine.name}, ${machine.testKeys ? "TEST KEYS" : "keys of its own"}`);
  } catch (error) {
    return bad("security", reasonOf(error), "Connect the machine that holds the utility's keys.");
  } finally {
    await hsm.close();
  }
}

async function serialDevice(bus: string, path: string): Promise<Finding> {
  try {
    const found = await stat(path);
    if (!found.isCharacterDevice())
      return bad(`bus ${bus}`, `${path} is no serial device`, "Name the device, best by /dev/serial/by-id.");
    await access(path, constants.R_OK | constants.W_OK);
    return good(`bus ${bus}`, path);
  } catch (error) {
    const there = (await listSerialPorts()).map((port) => port.byId ?? port.path).join(", ");
    return bad(
      `bus ${bus}`,
      reasonOf(error),
      `Check the path and the rights (on Debian: group dialout). Serial ports here: ${there === "" ? "none" : there}.`,
    );
  }
}

/** Null: nobody has it. */
const whoHas = (host: string, port: number): Promise<string | null> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(error.message));
    server.listen({ host, port }, () => server.close(() => resolve(null)));
  });

/** A port that this site's gateway itself holds, when it runs, is as it should be. */
async function dialInPort(bus: string, { host, port }: { host: string; port: number }, http: Config["http"]): Promise<Finding> {
  const busy = await whoHas(host, port);
  if (busy === null) return good(`bus ${bus}`, `${host}:${port} is free for callers`);
  if (await isGateway(http)) return good(`bus ${bus}`, `${host}:${port}: the gateway that runs expects callers there`);
  return bad(`bus ${bus}`, `${host}:${port}: ${busy}`, "Stop the other program, or choose another port and tell the modems.");
}

async function httpPort(http: Config["http"]): Promise<Finding> {
  const { host, port } = http;
  const busy = await whoHas(host, port);
  if (busy === null) return good("http port", `${host}:${port} is free`);
  if (await isGateway(http)) return good("http port", `${host}:${port}: a gateway answers there`);
  return bad("http port", `${host}:${port}: ${busy}`, "Set HTTP_PORT to a free one, or stop the other program.");
}

const isGateway = ({ host, port }: Config["http"]): Promise<boolean> =>
  fetch(`http://${host}:${port}/healthz`, { signal: AbortSignal.timeout(CONNECT_MS_MAX) })
    .then(async (response) => ((await response.json()) as { status?: unknown }).status === "alive")
    .catch(() => false);

/** Somebody answers at host and port; the password in the address is never shown. */
function reach(what: string, url: string, defaultPort: number, next: string): Promise<Finding> {
  const { hostname, port } = new URL(url);
  const at = { host: hostname.replaceAll(/[[\]]/g, ""), port: port === "" ? defaultPort : Number(port) };
  return new Promise((resolve) => {
    const socket = connect({ ...at, timeout: CONNECT_MS_MAX });
    const end = (finding: Finding): void => {
      socket.destroy();
      resolve(finding);
    };
    socket.once("connect", () => end(good(what, `${at.host}:${at.port} answers`)));
    socket.once("timeout", () => end(bad(what, `${at.host}:${at.port} does not answer`, next)));
    socket.once("error", (error) => end(bad(what, `${at.host}:${at.port}: ${error.message}`, next)));
  });
}

export const printFindings = (findings: readonly Finding[]): string =>
  findings
    .map(
      (finding) =>
        `${finding.ok ? "ok  " : "BAD "} ${finding.what.padEnd(14)} ${finding.found}${finding.next === null ? "" : `\n     ${"".padEnd(14)} → ${finding.next}`}`,
    )
    .join("\n");
