/**
 * What benches of cuts and restores stand on: a site of meters whose money the ledger holds, a street that draws power all the time, and a gateway of
 * `npm start` that goes live over a street in arrears, as docs/mass-cuts.md advises: in shadow until readings have made every account owe, then
 * live. Nobody's books are written but by readings and payments.
 */
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { systemClock } from "../../src/kernel/clock.ts";
import type { SiteInput } from "../../src/site-file.ts";
import { withBooks } from "../crash/books.ts";
import { environmentOf, keysOf, Person } from "../support/persons.ts";
import { startGatewayProcess, type GatewayProcess } from "../support/processes.ts";
import { findProgram, startMosquitto } from "../support/servers.ts";
import { startEmbeddedBroker } from "../../src/transports/embedded-broker.ts";
import { cpuMs, type Street, type Workshop } from "./workshop.ts";

export const PERSONS = ["anna", "bo", "till"] as const;
const LOOK_EVERY_MS = 250;
const TELL_EVERY_MS = 30_000;
/** As long as something still moves it is waited for. */
const NOTHING_MOVES_MS_MAX = 240_000;
/** Enough for a hundredth of a kilowatt-hour within seconds, and less than a meter can carry. */
const LOAD_KW = 10;

export interface CutMeter {
  readonly address: string;
  readonly relay: string;
  readonly obeyed: Readonly<Record<string, number>>;
}

export const picturesOf = async (street: Street): Promise<readonly CutMeter[]> =>
  (await (await fetch(`${street.control}/meters`)).json()) as readonly CutMeter[];

export interface Ground {
  readonly workshop: Workshop;
  readonly street: Street;
  /** Where the books are; PostgreSQL is no child of the gateway. */
  readonly database: string;
  readonly site: SiteInput;
  readonly pids: { readonly postgres: number; readonly broker: number | null; readonly redis?: number };
  /** Where the gateway leaves profiles of its CPU; left out: it makes none. */
  readonly profile?: string | undefined;
}

/** Mosquitto where it is installed, else a broker of our own in the process that measures. */
export async function brokerWithPid(workshop: Workshop): Promise<{ readonly url: string; readonly pid: number | null }> {
  if (findProgram("mosquitto") === null) {
    const broker = await startEmbeddedBroker({ port: 0 });
    workshop.later(() => broker.close());
    return { url: broker.url, pid: null };
  }
  const broker = await startMosquitto();
  workshop.later(() => broker.stop());
  return { url: broker.url, pid: broker.pid };
}

/** A street of remote meters on one endpoint, all of which draw ten kilowatts. */
export function streetFile(
  workshop: Workshop,
  fleet: { readonly first: string; readonly count: number },
  more: { readonly bus: string; readonly loadKw?: number },
): string {
  const file = join(workshop.folder, "street.yaml");
  const { first, count } = fleet;
  const meters = {
    count,
    first,
    buses: [more.bus],
    model: "remote-ledger",
    loadKw: more.loadKw ?? LOAD_KW,
    energyKwh: "1000.00",
  };
  writeFileSync(file, JSON.stringify({ fleets: [meters] }));
  return file;
}

export const baseSite = (meters: SiteInput["meters"], stores: object): Pick<SiteInput, "stores" | "meters" | "apiKeys"> => ({
  stores,
  meters,
  apiKeys: keysOf(...PERSONS),
});

/** A gateway over this site, and who speaks to it. */
export class House {
  readonly gateway: GatewayProcess;
  readonly anna: Person;
  readonly bo: Person;
  readonly till: Person;

  constructor(gateway: GatewayProcess) {
    this.gateway = gateway;
    const of = (name: string): Person => new Person(() => gateway.url, name);
    this.anna = of("anna");
    this.bo = of("bo");
    this.till = of("till");
  }

  async stop(): Promise<void> {
    this.gateway.kill("SIGTERM");
    await this.gateway.ended;
  }
}

export async function raise(ground: Ground, changes: Partial<SiteInput>, profiled = false): Promise<House> {
  const file = join(ground.workshop.folder, "site.yaml");
  writeFileSync(file, JSON.stringify({ ...ground.site, ...changes }));
  const profile = profiled && ground.profile !== undefined ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${ground.profile}` } : {};
  const house = new House(await startGatewayProcess(file, { ...environmentOf(...PERSONS), ...profile }));
  ground.workshop.later(() => house.stop());
  return house;
}

/**
 * Waits until a figure of the books is what it should be, as long as it moves, and tells how far it is. On one connection: making them costs
 * the machine that is measured.
 */
export function untilBooks(ground: Ground, what: string, sql: string, wanted: number): Promise<void> {
  return withBooks(ground.database, async (db) => {
    let toldAt = performance.now();
    for (let last = { figure: -1, at: performance.now() }; ;) {
      const [row] = await db.rows<{ figure: number }>(null, sql);
      const { figure } = row!;
      if (figure >= wanted) return;
      if (figure !== last.figure) last = { figure, at: performance.now() };
      else if (performance.now() - last.at > NOTHING_MOVES_MS_MAX)
        throw new Error(`${what}: ${figure} of ${wanted}, and nothing moves`);
      if (performance.now() - toldAt > TELL_EVERY_MS) {
        ground.workshop.say(`  ${what}: ${figure} of ${wanted}`);
        toldAt = performance.now();
      }
      await systemClock.wait(LOOK_EVERY_MS);
    }
  });
}

/** In shadow, until the second reading of each meter has made its account owe. */
export async function intoArrears(ground: Ground, meters: number, pollSeconds: number): Promise<void> {
  ground.workshop.say(`in shadow: ${meters} meters are read until all of them owe`);
  const house = await raise(ground, {
    policy: { ...ground.site.policy, mode: "shadow" },
    polling: { everySeconds: pollSeconds },
  });
  await untilBooks(ground, "meters that were read once", "SELECT count(*)::int AS figure FROM billing", meters);
  await untilBooks(ground, "accounts in arrears", OWING, meters);
  await house.stop();
}

const OWING = "SELECT count(*)::int AS figure FROM ledger_positions WHERE book LIKE 'available/%' AND amount < 0";

export interface CpuShare {
  readonly gateway: number;
  readonly street: number;
  readonly postgres: number;
  readonly broker: number;
  /** 0 where the queue is kept by PostgreSQL. */
  readonly redis: number;
}

/** CPU in ms of each part until now; a broker inside of this process is not told apart. */
export const cpuNow = (ground: Ground, { gateway }: House): CpuShare => ({
  gateway: cpuMs(gateway.child.pid!),
  street: cpuMs(ground.street.pid),
  postgres: cpuMs(ground.pids.postgres),
  broker: ground.pids.broker === null ? 0 : cpuMs(ground.pids.broker),
  redis: ground.pids.redis === undefined ? 0 : cpuMs(ground.pids.redis),
});
export const cpuBetween = (before: CpuShare, after: CpuShare): CpuShare => ({
  gateway: after.gateway - before.gateway,
  street: after.street - before.street,
  postgres: after.postgres - before.postgres,
  broker: after.broker - before.broker,
  redis: after.redis - before.redis,
});

/** From the payment until the meter shows its supply again, as the books tell; in rising order. */
export async function restoresAfter(
  ground: Ground,
  paidAt: ReadonlyMap<string, number>,
): Promise<{ readonly tookMs: readonly number[]; readonly wrong: readonly string[] }> {
  const rows = await withBooks(ground.database, (db) =>
    db.rows<{ meter: string; state: string; ended_at: number | null }>(
      null,
      "SELECT meter, state, ended_at FROM commands WHERE kind IN ('reconnect', 'arm') ORDER BY id",
    ),
  );
  const of = new Map(rows.map((row) => [row.meter, row]));
  const wrong = [...paidAt.keys()].flatMap((meter) =>
    of.get(meter)?.state === "confirmed" ? [] : [`restore of ${meter}: ${of.get(meter)?.state ?? "was never asked for"}`],
  );
  const took = [...paidAt].flatMap(([meter, at]) => {
    const end = of.get(meter)?.ended_at;
    return end == null ? [] : [end - at];
  });
  return { tookMs: took.sort((a, b) => a - b), wrong };
}

/** Whoever is told that the books are busy asks again under the same order, as a bank's machine does; his time runs on. */
export async function pay(house: House, meter: string): Promise<void> {
  const order = { account: meter.slice(2), amount: "100.00", channel: "bench", orderId: `of ${meter}` };
  for (const until = wallNow() + NOTHING_MOVES_MS_MAX; ;) {
    const { status, body } = await house.till.post("/v1/payments", order);
    if (status === 202 || status === 200) return;
    if (status < 500 || wallNow() > until) throw new Error(`a payment was answered with ${status}: ${JSON.stringify(body)}`);
    await systemClock.wait(LOOK_EVERY_MS);
  }
}

export const wallNow = (): number => performance.timeOrigin + performance.now();
