/** Is the house ready for money, part by part? */
import type { PartReport } from "../api/books.ts";
import type { Config } from "../config.ts";
import type { LeaseKeeper } from "../devices/lease-keeper.ts";
import type { BusPicture, Street } from "../devices/meter.ts";
import type { CommandQueue } from "../queue/command-queue.ts";
import type { SecurityModule } from "../security/security-module.ts";
import type { Waiting } from "../audit/audit-store.ts";
import { seconds } from "../kernel/clock.ts";
import type { RedisMark } from "../queue/redis-check.ts";
import type { Database } from "../stores/database.ts";
import { advice, partsZh, type AdviceCode } from "./part-advice.ts";

export interface ReadinessParts {
  readonly db: Database;
  readonly queue: CommandQueue;
  /** Of a queue that answers: what is not as it should be. */
  readonly queueMark: () => Promise<RedisMark | null>;
  readonly work: { readonly trouble: string | null };
  readonly street: Street;
  readonly leases: Pick<LeaseKeeper, "trouble" | "gateways">;
  readonly mqtt: { readonly url: string; readonly used: boolean };
  readonly config: Config;
  readonly security: SecurityModule;
  /** What holds cuts back. */
  readonly cuts: () => Promise<{ readonly stop: boolean; readonly brake: boolean; readonly waiting: number }>;
  readonly audit: { readonly waiting: () => Promise<Waiting>; readonly trouble: () => string | null };
}

/** Rows are sealed about once a second; older ones mean that nobody seals. */
const UNSEALED_MS_MAX = seconds(60);

/**
 * Ready means: a payment that is taken now can be remembered and will be worked on. A line that is down only
 * degrades: top-ups wait. So does a cipher machine that is down; one that refuses us will not work on any payment until a person comes.
 * A queue that is gone only degrades, too: it wakes workers, and commands go straight to their lines meanwhile (queue/short-way.ts).
 */
export async function readinessOf(parts: ReadinessParts): Promise<readonly PartReport[]> {
  const [database, queue, audit, mark] = await Promise.all([
    parts.db.trouble(),
    parts.queue.trouble(),
    auditTrouble(parts.audit),
    parts.queueMark(),
  ]);
  const cuts = await cutsHeld(parts.cuts);
  const trouble = parts.security.trouble ?? null;
  const buses = parts.street.buses();
  const down = buses.filter((bus) => bus.heldByUs && !bus.open);
  const doors = buses.flatMap((bus) => (bus.callers === undefined ? [] : [{ id: bus.id, ...bus.callers }]));
  const strangers = doors.filter(({ quarantined }) => quarantined > 0);
  return [
    told("database", { ready: database === null, why: database?.why ?? null }, adviceFor(database?.code)),
    told(
      `queue (${parts.queue.kind})`,
      { ready: true, degraded: queue !== null || mark !== null, why: queue ?? mark?.why ?? null },
      queue !== null ? "queue-away" : mark === null ? null : `queue-${mark.kind}`,
    ),
    told(
      `security (${parts.security.name})`,
      { ready: trouble?.lasting !== true, degraded: trouble !== null, why: trouble?.why ?? null },
      trouble === null ? null : trouble.lasting ? "security-refuses" : "security-away",
    ),
    told(
      "lines",
      {
        ready: true,
        degraded: down.length > 0,
        why: down.length === 0 ? null : down.map((bus) => `${bus.id}: ${bus.why ?? "down"}`).join("; "),
      },
      down.length === 0 ? null : "lines-down",
    ),
    // Strangers are worth a look and no trouble: any port that is open is knocked at.
    ...(doors.length === 0
      ? []
      : [
          {
            name: "callers",
            ready: true,
            why:
              strangers.length === 0
                ? null
                : strangers.map(({ id, quarantined }) => `${id}: ${quarantined} unknown, see /v1/buses`).join("; "),
          },
        ]),
    // Money is written down whether it is sealed or not; what is not sealed is not yet guarded.
    told("audit", { ready: true, degraded: audit !== null, why: audit }, audit === null ? null : "audit-behind"),
    ...(cuts === null ? [] : [told("cuts", { ready: true, degraded: true, why: cuts }, "cuts-held")]),
    told(
      "leases of lines",
      {
        ready: true, // whoever holds the line runs the command, and a line without a holder gets one
        degraded: parts.leases.trouble !== null || buses.some((bus) => bus.holder === null),
        why:
          parts.leases.trouble ?? (parts.leases.gateways.length > 1 || buses.some((bus) => !bus.heldByUs) ? shares(buses) : null),
      },
      parts.leases.trouble !== null || buses.some((bus) => bus.holder === null) ? "leases" : null,
    ),
    told(
      "work",
      { ready: true, degraded: parts.work.trouble !== null, why: parts.work.trouble },
      parts.work.trouble === null ? null : "work",
    ),
  ];
}

/** "queue (bullmq on redis)" is one part, whatever it stands on. */
export const partOf = ({ name }: Pick<PartReport, "name">): string => name.replace(/ \(.*\)$/, "");

const told = (name: string, report: Omit<PartReport, "name">, code: AdviceCode | null): PartReport => {
  const nameZh = partsZh[partOf({ name })];
  return { name, ...(nameZh === undefined ? {} : { nameZh }), ...report, ...(code === null ? {} : advice[code]) };
};

const adviceFor = (code: string | undefined): AdviceCode | null =>
  code === undefined ? null : code in advice ? (code as AdviceCode) : "database-unreachable";

async function auditTrouble({ waiting, trouble }: ReadinessParts["audit"]): Promise<string | null> {
  const waits = await waiting().catch(() => null); // a database that is away is told above
  if (trouble() !== null) return trouble();
  return waits !== null && waits.ageMs > UNSEALED_MS_MAX
    ? `${waits.rows} rows are not sealed, the oldest for ${Math.round(waits.ageMs / 1_000)} s`
    : null;
}

/** Money is taken all the same; but nobody should find out by chance that cuts are held back. */
async function cutsHeld(cuts: ReadinessParts["cuts"]): Promise<string | null> {
  const held = await cuts().catch(() => null);
  if (held === null) return null; // a database that is away is told above
  const { stop, brake, waiting } = held;
  const why = [
    ...(stop ? ["an emergency stop stands"] : []),
    ...(brake ? ["the brake has tripped"] : []),
    ...(waiting > 0
      ? [`${waiting} list${waiting === 1 ? "" : "s"} of cuts wait${waiting === 1 ? "s" : ""} for two persons`]
      : []),
  ];
  return why.length === 0 ? null : why.join("; ");
}

const OURS = "ours";

/** "ours: 100, pc-2/4711/9f3c21aa: 100" */
function shares(buses: readonly BusPicture[]): string {
  const byHolder = Map.groupBy(buses, ({ holder, heldByUs }) => (heldByUs ? OURS : (holder ?? "nobody's")));
  const oursFirst = [...byHolder].sort(([a], [b]) => Number(b === OURS) - Number(a === OURS));
  return oursFirst.map(([holder, lines]) => `${holder}: ${lines.length}`).join(", ");
}
