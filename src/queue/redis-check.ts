/**
 * Looks at a Redis before anything is entrusted to it, and now and then while it is used: settings are changed while servers run. A policy that evicts keys may throw jobs away and break BullMQ's own
 * records: refused. Without the append-only file a restart forgets what waits; that costs time, not commands, since the truth
 * is in our rows: a warning, and a mark for readiness.
 *
 * It asks by INFO, because managed servers forbid CONFIG.
 */
import { Redis } from "ioredis";
import { Fault, reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";

const ANSWER_MS_MAX = 5_000;

export interface RedisFindings {
  readonly version: string;
  /** Null, or what is not as it should be. */
  readonly degraded: string | null;
}

export async function checkRedis({ url, log }: { url: string; log: Logger }): Promise<RedisFindings> {
  const parsed = URL.parse(url);
  const place = {
    host: parsed?.hostname ?? "(unreadable address)",
    port: Number(parsed?.port === "" ? 6379 : (parsed?.port ?? 0)),
  };
  if (parsed === null)
    throw new Fault("queue-unreachable", { ...place, allowed: "redis://[user:password@]host:port[/db] or rediss://…" });
  const info = await ask(url, place);
  const policy = info.get("maxmemory_policy") ?? "unknown";
  if (policy !== "noeviction") throw new Fault("queue-unsafe", { ...place, "maxmemory-policy": policy });
  const version = info.get("valkey_version") ?? info.get("redis_version") ?? "unknown";
  const mark = marks.find(({ when }) => when(info));
  if (mark !== undefined) log.warn({ ...place, do: mark.do }, mark.why);
  return { version, degraded: mark?.why ?? null };
}

/** Null, or what is not as it should be just now; one that does not answer is told of by the queue itself. */
export async function redisMark(url: string): Promise<RedisMark | null> {
  const info = await ask(url, { host: "", port: 0 }).catch(() => null);
  return info === null ? null : (marks.find(({ when }) => when(info)) ?? null);
}

type Info = ReadonlyMap<string, string>;
const numberIn = (info: Info, name: string): number => Number(info.get(name) ?? 0);
/** Jobs are refused when the memory is used up; that is told a little earlier. */
const FULL_SHARE = 0.95;

export interface RedisMark {
  readonly kind: "evicts" | "full" | "forgets";
  readonly why: string;
  readonly do: string;
}

/** The worst first. */
const marks: readonly (RedisMark & { readonly when: (info: Info) => boolean })[] = [
  {
    kind: "evicts",
    when: (info) => info.get("maxmemory_policy") !== "noeviction",
    why: "the maxmemory-policy of Redis is not noeviction: it may throw jobs away",
    do: "set maxmemory-policy noeviction",
  },
  {
    kind: "full",
    when: (info) => numberIn(info, "maxmemory") > 0 && numberIn(info, "used_memory") >= FULL_SHARE * numberIn(info, "maxmemory"),
    why: "the memory of Redis is used up: it takes no jobs",
    do: "raise maxmemory, or find out what else fills it",
  },
  {
    kind: "forgets",
    when: (info) => info.get("aof_enabled") !== "1",
    why: "Redis keeps no append-only file: after its restart, waiting commands are found again by the sweeper only",
    do: "set appendonly yes",
  },
];

async function ask(url: string, place: { host: string; port: number }): Promise<Map<string, string>> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: ANSWER_MS_MAX,
    commandTimeout: ANSWER_MS_MAX,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let why: string | undefined;
  redis.on("error", (error: Error) => (why ??= reasonOf(error))); // says more than the rejection that follows it
  try {
    await redis.connect();
    const lines = (await Promise.all([redis.info("server"), redis.info("memory"), redis.info("persistence")]))
      .join("\r\n")
      .split("\r\n");
    return new Map(
      lines
        .filter((line) => line.includes(":"))
        .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]),
    );
  } catch (error) {
    throw new Fault("queue-unreachable", { ...place, why: why ?? reasonOf(error) }, { cause: error });
  } finally {
    redis.disconnect();
  }
}
