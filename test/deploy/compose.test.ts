/**
 * What is deployed, read back from the files: a compose file rots quietly, since nobody starts it on a working day. No
 * container is started here; where Mosquitto is installed, its configuration is tried on a real one.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { loadConfig } from "../../src/config.ts";
import { planFrom } from "../../simulator/options.ts";

const root = join(import.meta.dirname, "..", "..");
const read = (name: string): string => readFileSync(join(root, name), "utf8");

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly target: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly network_mode?: string;
}

const compose = parse(read("docker-compose.yml")) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
};
const services = Object.entries(compose.services);
const service = (name: string): Service => compose.services[name]!;
const passwordNames = [...read(".env.example").matchAll(/^([A-Z_]+)=(.*)$/gm)].map((match) => match[1]!);

/** As compose does it: the command and environment of a service with the passwords filled in. */
const filled = (text: string): string =>
  text.replace(/\$\{(\w+):\?[^}]*\}/g, (_, name: string) => `secret-of-${name.toLowerCase()}`);

const siteFile = join(root, "deploy", "site.yaml");
const gatewayEnvironment = (): Record<string, string> =>
  Object.fromEntries(Object.entries(service("gateway").environment ?? {}).map(([name, value]) => [name, filled(value)]));

test("every service says whether it is healthy, and others wait until it is", () => {
  expect(services.map(([name]) => name).sort()).toEqual(["gateway", "mosquitto", "postgres", "redis", "simulator"]);
  for (const [name, { healthcheck, depends_on = {} }] of services) {
    expect(healthcheck?.test.length, name).toBeGreaterThan(1);
    for (const [other, { condition }] of Object.entries(depends_on)) {
      expect(compose.services[other], `${name} waits for ${other}`).toBeDefined();
      expect(condition, `${name} waits for ${other}`).toBe("service_healthy");
    }
  }
  expect(Object.keys(service("gateway").depends_on ?? {}).sort()).toEqual(["mosquitto", "postgres", "redis", "simulator"]);
  expect(service("gateway").healthcheck?.test.join(" ")).toContain("/readyz");
  expect(service("simulator").healthcheck?.test.join(" ")).toContain("/meters");
  expect(service("postgres").healthcheck?.test).toContain("pg_isready");
});

test("the images are the ones that were decided", () => {
  expect(services.flatMap(([, { image }]) => image ?? []).sort()).toEqual(["eclipse-mosquitto:2", "postgres:18", "redis:7"]);
});

test("only this machine can reach a port", () => {
  const ports = services.flatMap(([, one]) => one.ports ?? []);
  expect(ports.length).toBeGreaterThanOrEqual(3);
  expect(ports.filter((port) => !port.startsWith("127.0.0.1:"))).toEqual([]);
  expect(services.filter(([, { network_mode }]) => network_mode === "host")).toEqual([]);
});

test("the broker knows everyone, answers at once and restricts meters to their topics", () => {
  const lines = read("deploy/mosquitto.conf").split("\n");
  expect(lines).toContain("allow_anonymous false");
  expect(lines).toContain("set_tcp_nodelay true");
  expect(lines.some((line) => line.startsWith("password_file "))).toBe(true);
  const [, street] = read("deploy/mosquitto-access").split(/^user street$/m);
  expect(street?.match(/^topic .*$/gm)).toEqual(["topic readwrite meters/#"]);
});

test("the queue's store forgets nothing", () => {
  const command = service("redis").command!;
  const after = (option: string): string | undefined => command[command.indexOf(option) + 1];
  expect(after("--appendonly")).toBe("yes");
  expect(after("--maxmemory-policy")).toBe("noeviction");
  expect(after("--requirepass")).toMatch(/^\$\{REDIS_PASSWORD:\?/);
});

test("no secret stands in the repository: each comes from the environment, and a missing one is named", () => {
  const text = read("docker-compose.yml");
  const asked = [...text.matchAll(/\$\{(\w+)([^}]*)\}/g)];
  expect(asked.filter((match) => !match[2]!.startsWith(":?")).map((match) => match[0])).toEqual([]);
  expect([...new Set(asked.map((match) => match[1]!))].sort()).toEqual([...passwordNames].sort());
  for (const [name, one] of services) {
    for (const [variable, value] of Object.entries(one.environment ?? {})) {
      if (/PASSWORD|AUTH|SECRET|KEY/.test(variable)) expect(value, `${name}.${variable}`).toMatch(/^\$\{\w+:\?[^}]*\}$/);
      expect(value.replaceAll(/\$\{[^}]*\}/g, ""), `${name}.${variable}`).not.toMatch(/:\/\/[^@/]*:[^@/]+@/);
    }
  }
  for (const [, name, value] of read(".env.example").matchAll(/^([A-Z_]+)=(.*)$/gm)) expect(value, name).toBe("replace-me");
});

test("the gateway and the street are only told what they listen to, and never that this is production", () => {
  const named = [...read("deploy/site.yaml").matchAll(/\benv:(\w+)/g)].map((match) => match[1]!);
  const listened = ["DATABASE_URL", "REDIS_URL", "MQTT_URL", "HTTP_PORT", "LOG_LEVEL", "GATEWAY_DATA", "GATEWAY_CONFIG"];
  const known = [...listened, ...named];
  const told = (name: string): string[] => Object.keys(service(name).environment ?? {});
  expect(told("gateway").filter((name) => !known.includes(name))).toEqual([]);
  expect(told("gateway")).toEqual(expect.arrayContaining(["DATABASE_URL", "REDIS_URL", "MQTT_URL"]));
  expect(told("simulator").filter((name) => !["MQTT_PASSWORD", "LOG_LEVEL"].includes(name))).toEqual([]);
  expect(read("Dockerfile")).not.toMatch(/^ENV.*NODE_ENV/m);
  expect(read("docker-compose.yml")).toContain("DEMONSTRATION");
});

test("the gateway listens beyond its own loopback, so it asks for a key, which comes from .env alone", () => {
  const config = loadConfig({ path: siteFile, env: gatewayEnvironment() });
  expect(config.http).toEqual({ host: "0.0.0.0", port: 8_080 });
  expect(service("gateway").ports).toEqual([`127.0.0.1:8080:${String(config.http.port)}`]);
  expect(config.apiKeys.map(({ name, secret }) => [name, secret.open()])).toEqual([
    ["desk", "secret-of-desk_key"],
    ["second", "secret-of-second_key"],
  ]);
  expect(read("deploy/site.yaml")).toMatch(/^apiKeys: .*secret: env:DESK_KEY/m);
  expect(passwordNames).toContain("DESK_KEY");
  const { DESK_KEY: _, ...keyless } = gatewayEnvironment();
  for (const env of [keyless, { ...keyless, DESK_KEY: "" }])
    expect(() => loadConfig({ path: siteFile, env })).toThrow(
      /apiKeys\[0\]\.secret: the environment variable DESK_KEY is not set/,
    );
});

test("what cuts for real can be let go of: two persons with names of their own may approve", () => {
  const { policy, apiKeys } = loadConfig({ path: siteFile, env: gatewayEnvironment() });
  const approvers = apiKeys.filter(({ may }) => may === undefined || may.includes("approve")).map(({ name }) => name);
  expect(policy.mode).toBe("live");
  expect(new Set(approvers).size).toBeGreaterThanOrEqual(2);
});

test("the way to fill .env that is written down leaves no value as it was", () => {
  const names = /for name in (.*); do/.exec(read(".env.example"))?.[1]?.split(" ");
  expect(names).toEqual(passwordNames);
});

test("what is mounted exists, in the repository or as a named volume", () => {
  for (const [name, one] of services) {
    for (const volume of one.volumes ?? []) {
      const source = volume.split(":")[0]!;
      if (source.startsWith(".")) expect(existsSync(join(root, source)), `${name} mounts ${source}`).toBe(true);
      else expect(Object.keys(compose.volumes), `${name} mounts ${source}`).toContain(source);
    }
  }
});

test("what the images copy exists and is not kept from them", () => {
  const ignored = read(".dockerignore")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  const copies = [...read("Dockerfile").matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap((match) =>
    match[1]!.trim().split(/\s+/).slice(0, -1),
  );
  expect(copies.length).toBeGreaterThan(5);
  for (const source of copies) {
    expect(existsSync(join(root, source)), source).toBe(true);
    expect(ignored, source).not.toContain(source.replace(/^\.\//, ""));
  }
  expect(ignored).toEqual(expect.arrayContaining([".env", ".git", "**/node_modules", "**/dist"]));
});

test("the images run as a plain user, from targets that exist", () => {
  const stages = read("Dockerfile")
    .split(/^FROM /m)
    .slice(1);
  const named = new Map(stages.map((stage) => [/ AS (\w+)/.exec(stage)![1]!, stage]));
  for (const [name, { build }] of services) {
    if (build === undefined) continue;
    expect(existsSync(join(root, build.context, "Dockerfile")), name).toBe(true);
    expect(named.get(build.target), `${name} needs the stage ${build.target}`).toContain("USER node");
  }
  expect(named.get("packages")).toContain("npm ci --omit=dev");
  for (const stage of stages) expect(stage).toMatch(/^node:24-bookworm-slim /);
});

test("what an image runs is inside it", () => {
  const stage = read("Dockerfile")
    .split(/^FROM /m)
    .find((one) => / AS gateway/.test(one))!;
  expect(stage).toContain(`CMD ["node", "src/main.ts"]`);
  for (const program of ["src/main.ts", "simulator/main.ts"]) expect(existsSync(join(root, program)), program).toBe(true);
  const outside = globSync("simulator/**/*.ts", { cwd: root }).flatMap((file) =>
    [...read(file).matchAll(/from "((?:\.\.\/)+src\/[^/"]+)/g)].map((match) => match[1]!.replace(/^(\.\.\/)+/, "")),
  );
  expect([...new Set(outside)]).toEqual(["src/kernel"]);
});

test("the site file is valid, and names only meters that the street raises, on the same buses and as the same models", () => {
  const environment = gatewayEnvironment();
  const config = loadConfig({ path: siteFile, env: environment });
  const argv = service("simulator").command!.map((argument) => argument.replace("/app/", `${root}/`));
  const plan = planFrom(argv, { MQTT_PASSWORD: "secret" });
  if (plan === "help") throw new Error("the street was asked for help");
  const raised = plan.meters.map(({ address, bus, model }) => ({ address, bus, model }));
  const named = config.meters.map(({ address, bus, model }) => ({ address, bus, model }));

  expect(raised).toEqual(expect.arrayContaining(named));
  expect(new Set(named.map(({ bus, model }) => `${bus} ${model}`)).size).toBe(4);
  expect(plan.buses.map(({ id }) => id).sort()).toEqual(config.buses.map(({ id }) => id).sort());
  const tcp = config.buses.find(({ transport }) => transport.kind === "tcp")!.transport;
  expect(tcp).toMatchObject({ host: "simulator", port: 2404 });
  expect(config.production).toBe(false);
});

test("CI's script is executable, parses, and installs what the suites ask for", () => {
  const script = join(root, ".ci", "run");
  accessSync(script, constants.X_OK);
  expect(spawnSync("bash", ["-n", script]).status).toBe(0);
  const text = read(".ci/run");
  for (const name of ["redis-server", "mosquitto", "socat", "chromium", "fonts-noto-cjk", "postgresql"])
    expect(text).toContain(name);
  expect(text).toMatch(/set -euo pipefail/);
  expect(statSync(join(root, "deploy", "mosquitto-start.sh")).mode & 0o111).not.toBe(0);
});
