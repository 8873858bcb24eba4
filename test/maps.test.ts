/** Maps grow old as drawings do: whoever looks for a room, a folder of tests, a bench or a model finds it named where people look. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { meterModels } from "../src/devices/meter-models.ts";
import { profiles } from "../src/protocols/dlt645/index.ts";

const root = join(import.meta.dirname, "..");
const read = (name: string): string => readFileSync(join(root, name), "utf8");
/** Without the place that the handbook's test makes for itself while it runs beside this one. */
const foldersOf = (name: string): readonly string[] =>
  readdirSync(join(root, name), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() && !entry.name.startsWith("handbook-") ? [entry.name] : [],
  );

test("the front page names every room", () => {
  const [, map = ""] = read("README.md").split("## Map of the rooms");
  const rooms = ["deploy", "docs", "simulator", "test", ...foldersOf("src").map((room) => `src/${room}`)];
  expect(rooms.filter((room) => !map.split("\n## ")[0]!.includes(`\`${room}\``))).toEqual([]);
});

test("the page of tests names every folder of them", () => {
  const page = read("test/README.md");
  expect(foldersOf("test").filter((folder) => !page.includes(`\`${folder}/`))).toEqual([]);
});

test("the pages of benches name every bench", () => {
  const table = /^const benches.*= \{([^}]*)\}/m.exec(read("test/bench/main.ts"))?.[1] ?? "";
  const names = table.match(/\w+/g) ?? [];
  expect(names).toContain("codec");
  const pages = { front: /`?npm run bench .*/.exec(read("README.md"))?.[0] ?? "", room: read("test/bench/README.md") };
  expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(pages.front))).toEqual([]);
  expect(names.filter((name) => !pages.room.includes(`\`${name}\``))).toEqual([]);
});

test("the front page names every model that can be ordered, and it and the street's page those that cannot", () => {
  const [front, street] = [read("README.md"), read("simulator/README.md")];
  expect(Object.keys(meterModels).filter((name) => !front.includes(`\`${name}\``))).toEqual([]);
  const sentence = /^The gateway can order all but (.*?);/m.exec(street)?.[1] ?? "";
  const named = [...sentence.matchAll(/`([\w-]+)`/g)].map((match) => match[1]!);
  const others = profiles.map(({ name }) => name).filter((name) => !Object.hasOwn(meterModels, name));
  expect([...named].sort()).toEqual([...others].sort());
  expect(others.filter((name) => !front.includes(`\`${name}\``))).toEqual([]);
});
