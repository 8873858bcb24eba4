/**
 * Looks into objects as a debugger does, private fields and all: what somebody remembers, whether he shows it or not. For the one
 * question that only this can answer: is there anything that nobody keeps?
 */
import { Session } from "node:inspector";

interface Remote {
  readonly value?: {
    readonly objectId?: string;
    readonly type: string;
    readonly value?: unknown;
    readonly unserializableValue?: string;
  };
  readonly name: string;
}

const session = new Session();
let isConnected = false;

function post(method: string, parameters: object): Record<string, unknown> {
  if (!isConnected) session.connect();
  isConnected = true;
  let result: Record<string, unknown> = {};
  session.post(method, parameters, (error: Error | null, answer) => {
    if (error !== null) throw error;
    result = answer as Record<string, unknown>;
  });
  return result;
}

const shelf = globalThis as { lookedAt?: unknown };

function remote(thing: object): string {
  shelf.lookedAt = thing;
  return (post("Runtime.evaluate", { expression: "globalThis.lookedAt" })["result"] as { objectId: string }).objectId;
}

/** "#name" → value. */
export function privateFields(thing: object): Record<string, unknown> {
  const id = remote(thing);
  const found = (post("Runtime.getProperties", { objectId: id, ownProperties: true })["privateProperties"] ?? []) as Remote[];
  const fields: Record<string, unknown> = {};
  for (const { name, value } of found) {
    if (value === undefined) continue;
    shelf.lookedAt = undefined;
    // The value itself, through a function that is called on it or gets it as its argument.
    const given = value.objectId === undefined ? value : { objectId: value.objectId };
    post("Runtime.callFunctionOn", {
      objectId: id,
      functionDeclaration: "function (it) { globalThis.lookedAt = it; }",
      arguments: [given],
    });
    fields[name] = shelf.lookedAt;
  }
  shelf.lookedAt = undefined;
  post("Runtime.releaseObject", { objectId: id });
  return fields;
}

const isPlain = (thing: object): boolean =>
  Array.isArray(thing) || [Object.prototype, Map.prototype, Set.prototype].includes(Object.getPrototypeOf(thing) as object);

/** What is inside, by name; of an instance its fields. Functions are nobody's memory. */
function inside(thing: object): [string, unknown][] {
  const all: [string, unknown][] =
    thing instanceof Map
      ? [...(thing as Map<unknown, unknown>)].map(([key, value], i) => [
          typeof key === "string" || typeof key === "number" ? String(key) : String(i),
          [key, value],
        ])
      : thing instanceof Set
        ? [...(thing as Set<unknown>)].map((value, i) => [String(i), value])
        : isPlain(thing)
          ? Object.entries(thing)
          : Object.entries({ ...thing, ...privateFields(thing) });
  return all.filter(([, value]) => typeof value !== "function");
}

/** A class and its field, or a place inside one: "Wallet#carry". */
export interface Leaf {
  readonly field: string;
  readonly path: string;
  readonly value: unknown;
}

/**
 * Everything that can be reached, as leaves. Instances that were met before are told by where, so that two graphs are only equal
 * when they share what they share. `stop` names classes and fields that are somebody else's.
 */
export function leaves(root: object, stop: (name: string) => boolean): Leaf[] {
  const met = new Map<object, string>();
  const out: Leaf[] = [];
  const visit = (value: unknown, path: string, field: string): void => {
    if (typeof value !== "object" || value === null) {
      out.push({ path, field, value });
      return;
    }
    const before = isPlain(value) || ArrayBuffer.isView(value) ? undefined : met.get(value);
    if (before !== undefined) {
      out.push({ path, field, value: `as ${before}` });
      return;
    }
    met.set(value, path);
    if (ArrayBuffer.isView(value)) {
      out.push({ path, field, value: Array.from(value as Uint8Array).join() });
      return;
    }
    const name = value.constructor.name;
    if (!isPlain(value) && stop(name)) return;
    const within = inside(value);
    if (within.length === 0) out.push({ path, field, value: "empty" });
    for (const [key, each] of within) {
      const own = isPlain(value) ? field : `${name}${key.startsWith("#") ? key : `.${key}`}`;
      if (!stop(own)) visit(each, `${path}/${key}`, own);
    }
  };
  visit(root, "", "");
  return out;
}

/** Gives every open scalar of every instance that can be reached another value; what it may not is left alone. */
export function disturb(root: object, stop: (name: string) => boolean): void {
  const met = new Set<object>();
  const visit = (thing: unknown): void => {
    if (typeof thing !== "object" || thing === null || met.has(thing) || ArrayBuffer.isView(thing)) return;
    met.add(thing);
    const name = thing.constructor.name;
    if (!isPlain(thing) && stop(name)) return;
    for (const [key, value] of inside(thing)) {
      if (!isPlain(thing) && !key.startsWith("#") && !stop(`${name}.${key}`)) {
        const other = another(value);
        if (other !== undefined) Reflect.set(thing, key, other);
      }
      if (isPlain(thing) || !stop(`${name}${key.startsWith("#") ? key : `.${key}`}`)) visit(value);
    }
  };
  visit(root);
}

function another(value: unknown): unknown {
  switch (typeof value) {
    case "number":
      return value + 1;
    case "bigint":
      return value + 1n;
    case "boolean":
      return !value;
    case "string":
      return `${value}'`;
    default:
      return undefined;
  }
}
