/**
 * A street whose buses have a door for each gateway: the same wires behind two TCP ports. By the door one sees who speaks, and a
 * diary of the leases in the database says who was allowed to.
 */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { buildStreet, type Street } from "../../simulator/street.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import type { Database } from "../../src/stores/database.ts";

export interface Heard {
  readonly bus: string;
  readonly door: string;
  /** By the clock of this machine, which is the database's, too. */
  readonly at: number;
}

export interface TwoDoors {
  readonly street: Street;
  readonly heard: readonly Heard[];
  port(door: string, bus: string): number;
  close(): Promise<void>;
}

export const busOf = (n: number): string => `tcp-${n + 1}`;

export async function streetWithDoors(addresses: readonly string[], doors: readonly string[]): Promise<TwoDoors> {
  const street = await buildStreet({
    clock: systemClock,
    seed: 7,
    speed: 0,
    buses: addresses.map((_address, n) => ({ id: busOf(n), endpoint: { kind: "memory" } })),
    meters: addresses.map((address, n) => ({ address, bus: busOf(n), model: "standard-wallet", balance: "10.00", loadKw: 0 })),
  });
  const heard: Heard[] = [];
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const ports = new Map<string, number>();
  for (const [n] of addresses.entries()) {
    for (const door of doors) {
      const bus = busOf(n);
      const server = createServer({ noDelay: true }, (socket) => {
        sockets.add(socket);
        const end = street.memoryEnd(bus);
        end.onBytes((bytes) => void socket.write(bytes));
        socket.on("data", (chunk: Buffer) => {
          heard.push({ bus, door, at: systemClock.now() });
          end.send(chunk);
        });
        socket.on("error", () => undefined);
        socket.on("close", () => {
          end.close();
          sockets.delete(socket);
        });
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      ports.set(`${door} ${bus}`, (server.address() as AddressInfo).port);
    }
  }
  return {
    street,
    heard,
    port: (door, bus) => ports.get(`${door} ${bus}`)!,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
      await street.close();
    },
  };
}

interface Tenure {
  readonly bus: string;
  readonly holder: string | null;
  readonly fencing: bigint;
  readonly from: number;
  readonly until: number;
}

/** From now on each change of a lease is written down, with the moment. */
export async function keepDiary(db: Database): Promise<void> {
  await db.run(
    null,
    `CREATE TABLE lease_diary (bus text, holder text, fencing bigint, expires_at timestamptz, at timestamptz);
     CREATE FUNCTION note_lease() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       INSERT INTO lease_diary VALUES (NEW.bus, NEW.holder, NEW.fencing, NEW.expires_at, clock_timestamp()); RETURN NULL; END $$;
     CREATE TRIGGER diary AFTER INSERT OR UPDATE ON line_leases FOR EACH ROW EXECUTE FUNCTION note_lease()`,
  );
}

/** What was heard from a door whose gateway did not hold the line in that moment; empty when all is well. */
export async function outsideLeases(
  db: Database,
  heard: readonly Heard[],
  holders: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const rows = await db.rows<Tenure>(
    null,
    `SELECT bus, holder, fencing, extract(epoch FROM at)::float8 * 1000 AS "from", extract(epoch FROM expires_at)::float8 * 1000 AS until
       FROM lease_diary ORDER BY at`,
  );
  const byBus = Map.groupBy(rows, ({ bus }) => bus);
  return heard.flatMap(({ bus, door, at }) => {
    const tenure = byBus.get(bus)?.findLast(({ from }) => from <= at + 1);
    if (tenure !== undefined && tenure.holder === holders.get(door) && at < tenure.until) return [];
    return [
      `${bus}: ${door} spoke at ${at}; then it was held by ${tenure?.holder ?? "nobody"} until ${tenure?.until ?? "never"}`,
    ];
  });
}
