/** The rooms inside the codec, read back from its imports: arrows go one way, and the profiles stand on top. */
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { expect, test } from "vitest";

const ROOT = "src/protocols/dlt645";

/** What a sub-room may use: other sub-rooms, and files that stand outside of all. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  formats: ["frame.ts", "refusal.ts"],
  shapes: ["formats", "frame.ts", "item.ts"],
  table: ["formats", "shapes", "item.ts"],
  forms: [
    "formats",
    "choices.ts",
    "control-codes.ts",
    "error-word.ts",
    "frame.ts",
    "item.ts",
    "refusal.ts",
    "relay-orders.ts",
    "security-identifiers.ts",
  ],
  profiles: [
    "choices.ts",
    "chosen-items.ts",
    "frame.ts",
    "item.ts",
    "relay-orders.ts",
    "requests.ts",
    "security-identifiers.ts",
    "word3-layouts.ts",
  ],
};
/** Who may look into a room that has a face: everybody else asks there. */
const FACES: Readonly<Record<string, readonly string[]>> = {
  profiles: ["index.ts"],
  table: ["dictionary.ts", "dictionary-1997.ts", "print-dictionary.ts"],
  shapes: [],
};

const places = readdirSync(ROOT, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
const roomOf = (place: string): string => place.split("/")[0]!;
const importsOf = (place: string): string[] =>
  [...readFileSync(join(ROOT, place), "utf8").matchAll(/from "(\.[^"]+)"/g)]
    .map(([, name]) => relative(ROOT, normalize(join(ROOT, dirname(place), name!))))
    .filter((target) => !target.startsWith(".."));

const mayReach = (from: string, to: string): boolean =>
  from === to || (MAY_USE[from]?.includes(to) ?? (FACES[to] === undefined || FACES[to].includes(from)));

test("arrows between the rooms of the codec go one way", () => {
  const strays = places.flatMap((place) =>
    importsOf(place)
      .filter((target) => !mayReach(roomOf(place), roomOf(target)))
      .map((target) => `${place} reaches into ${target}`),
  );
  expect(places.length).toBeGreaterThan(80);
  expect(strays).toEqual([]);
});

test("every sub-room is on the map", () => {
  const rooms = new Set(places.filter((place) => place.includes("/")).map(roomOf));
  expect([...rooms].sort()).toEqual(Object.keys(MAY_USE).sort());
});
