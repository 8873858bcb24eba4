/**
 * Leases of lines as rows. Whether one has lapsed is said by the database's clock in the statement that asks, never by ours; each
 * beat is one statement, however many buses there are. A renewal is on disk when it is answered, or a database that comes back
 * from a power cut would let somebody else take what is still driven.
 */
import { LEASE_MS, type GatewayPresence, type LeasePicture, type LineLeases } from "../devices/line-leases.ts";
import { uniqueViolated, type Database } from "./database.ts";

/** Gateways on one database; far more than anybody needs. */
const SLOTS_MAX = 256;
const UNTIL = `now() + interval '${LEASE_MS} milliseconds'`;

interface PictureRow {
  holder: string | null;
  buses: string[] | null;
  bus: string | null;
  fencing: bigint | null;
}

/** Gateways first, then leases; a lease without a holder is free or lapsed. */
const GATEWAYS = "SELECT holder, buses, NULL::text AS bus, NULL::bigint AS fencing FROM gateways WHERE expires_at > now()";
const LOOK = `${GATEWAYS}
  UNION ALL
  SELECT CASE WHEN expires_at > now() THEN holder END, NULL, bus, fencing FROM line_leases WHERE bus = ANY($1)`;
/** The snapshot shows the rows as they were before; ours are only what was really renewed. */
const RENEW = `WITH here AS (UPDATE gateways SET expires_at = ${UNTIL} WHERE holder = $2),
  renewed AS (UPDATE line_leases SET expires_at = ${UNTIL} WHERE holder = $2 AND expires_at > now() RETURNING bus, fencing)
  ${GATEWAYS} OR holder = $2
  UNION ALL
  SELECT CASE WHEN r.bus IS NOT NULL THEN $2 WHEN l.holder <> $2 AND l.expires_at > now() THEN l.holder END,
         NULL, l.bus, coalesce(r.fencing, l.fencing)
    FROM line_leases l LEFT JOIN renewed r ON r.bus = l.bus WHERE l.bus = ANY($1)`;

export class PostgresLineLeases implements LineLeases {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async enter({ holder, buses }: GatewayPresence): Promise<number | null> {
    try {
      const [row] = await this.#db.rows<{ slot: number }>(
        null,
        `INSERT INTO gateways AS g (slot, holder, buses, expires_at)
         SELECT slot, $1, $2, ${UNTIL} FROM generate_series(1, ${SLOTS_MAX}) AS slot
          WHERE NOT EXISTS (SELECT 1 FROM gateways o WHERE o.slot = slot.slot AND o.expires_at > now()) ORDER BY slot LIMIT 1
         ON CONFLICT (slot) DO UPDATE SET holder = excluded.holder, buses = excluded.buses, expires_at = excluded.expires_at
          WHERE g.expires_at <= now()
         RETURNING slot`,
        [holder, buses],
      );
      return row?.slot ?? null;
    } catch (error) {
      if (uniqueViolated(error) !== null) return null;
      throw error;
    }
  }

  async renew({ holder, buses }: GatewayPresence): Promise<LeasePicture> {
    return pictureOf(await this.#db.rows<PictureRow>(null, RENEW, [buses, holder]));
  }

  async look({ buses }: GatewayPresence): Promise<LeasePicture> {
    return pictureOf(await this.#db.rows<PictureRow>(null, LOOK, [buses]));
  }

  /** In one order for everybody, so that two who take at once wait for each other and do not lock each other out. */
  async take(holder: string, buses: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
    const rows = await this.#db.rows<{ bus: string; fencing: bigint }>(
      null,
      `INSERT INTO line_leases AS l (bus, holder, fencing, expires_at)
       SELECT bus, $1, 1, ${UNTIL} FROM unnest($2::text[]) AS bus ORDER BY bus
       ON CONFLICT (bus) DO UPDATE SET holder = excluded.holder, fencing = l.fencing + 1, expires_at = excluded.expires_at
        WHERE l.holder IS NULL OR l.expires_at <= now()
       RETURNING bus, fencing`,
      [holder, buses],
    );
    return new Map(rows.map(({ bus, fencing }) => [bus, fencing]));
  }

  async release(holder: string, leases: ReadonlyMap<string, bigint>): Promise<void> {
    await this.#db.run(
      null,
      `UPDATE line_leases l SET holder = NULL FROM unnest($2::text[], $3::bigint[]) AS back(bus, fencing)
        WHERE l.bus = back.bus AND l.fencing = back.fencing AND l.holder = $1`,
      [holder, [...leases.keys()], [...leases.values()]],
    );
  }

  async leave(holder: string): Promise<void> {
    await this.#db.run(
      null,
      `WITH gone AS (DELETE FROM gateways WHERE holder = $1)
       UPDATE line_leases SET holder = NULL WHERE holder = $1`,
      [holder],
    );
  }

  async clear(): Promise<void> {
    await this.#db.run(null, "WITH gone AS (DELETE FROM gateways) UPDATE line_leases SET holder = NULL WHERE holder IS NOT NULL");
  }
}

function pictureOf(rows: readonly PictureRow[]): LeasePicture {
  const gateways: GatewayPresence[] = [];
  const leases = new Map<string, { holder: string | null; fencing: bigint }>();
  for (const { holder, buses, bus, fencing } of rows) {
    if (bus !== null) leases.set(bus, { holder, fencing: fencing! });
    else gateways.push({ holder: holder!, buses: buses! });
  }
  gateways.sort((a, b) => (a.holder < b.holder ? -1 : 1));
  return { gateways, leases };
}
