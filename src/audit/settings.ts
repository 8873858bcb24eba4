/**
 * The site as it is started, compared with the site as it was last known: one note for each part that differs, with before and after.
 *
 * Parts are named by their path: `policy.mode`, `buses/tcp-1`, `meters/202611220001`. Secrets stand there as keyed digests: a change shows,
 * and nobody who reads the audit can try six-digit passwords against them, because the key lies in the data folder. Each data folder is
 * a house of its own, so two gateways with different site files do not undo each other's notes.
 */
import { createHash, createHmac } from "node:crypto";
import { canonical, plain, type Plain } from "../kernel/canonical.ts";
import { Secret } from "../kernel/secret.ts";
import type { Note } from "./audit-store.ts";

/** Lists whose entries have a name of their own. */
const nameFields = ["id", "address", "account", "name"] as const;

/** Names a house without telling its key. */
export const houseOf = (key: string): string => createHash("sha256").update(key).digest("hex").slice(0, 8);

const isPlainObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Secrets become digests wherever they stand; the rest stays as it is. */
function veiled(value: unknown, key: string): unknown {
  if (value instanceof Secret)
    return {
      secret: createHmac("sha256", key)
        .update(canonical(plain(value.open())))
        .digest("hex"),
    };
  if (Array.isArray(value)) return value.map((one) => veiled(one, key));
  if (value instanceof Map) return veiled(Object.fromEntries(value as ReadonlyMap<string, unknown>), key);
  if (isPlainObject(value)) return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, veiled(one, key)]));
  return value;
}

/** Part by part: one level below each section, and each entry of a list that has names. */
export function partsOf(settings: Readonly<Record<string, unknown>>, key: string): ReadonlyMap<string, Plain> {
  const parts = new Map<string, Plain>();
  for (const [section, value] of Object.entries(veiled(settings, key) as Record<string, unknown>)) {
    const named = Array.isArray(value)
      ? nameFields.find((field) => value.length > 0 && value.every((one) => isPlainObject(one) && field in one))
      : undefined;
    if (named !== undefined)
      for (const one of value as readonly Record<string, unknown>[]) parts.set(`${section}/${String(one[named])}`, plain(one));
    else if (isPlainObject(value)) for (const [name, one] of Object.entries(value)) parts.set(`${section}.${name}`, plain(one));
    else if (value !== undefined) parts.set(section, plain(value));
  }
  return parts;
}

const isPermission = (part: string): boolean => part.startsWith("apiKeys/");

export const settingsPrefix = (key: string): string => `config/${houseOf(key)}/`;

/** Pure: what has to be noted. A null means that the part is not there. */
export function changesOf(known: ReadonlyMap<string, unknown>, now: ReadonlyMap<string, Plain>, key: string): readonly Note[] {
  const prefix = settingsPrefix(key);
  const names = new Set([...[...known.keys()].map((subject) => subject.slice(prefix.length)), ...now.keys()]);
  return [...names].sort().flatMap((name): Note[] => {
    const before = known.get(prefix + name) ?? null;
    // a part that is there and says null is kept inside of a list, or it would look like one that is gone
    const after = now.has(name) ? wrapped(now.get(name)!) : null;
    if (canonical(plain(before)) === canonical(plain(after))) return [];
    return [{ what: isPermission(name) ? "permission.changed" : "config.changed", subject: prefix + name, before, after }];
  });
}

const wrapped = (value: Plain): Plain => (value === null ? [] : value);
