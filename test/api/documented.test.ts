/** What the door tells of itself is whole: each call with what it answers in /openapi.json, and each of them in the table of the README. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { table } from "../../src/api/permissions.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { ask, thing, type Thing } from "./door.ts";

const ROOM = join(import.meta.dirname, "../../src/api");
const METER = "202611220041";

interface Call {
  readonly name: string;
  readonly told: Thing;
}

let house: TestHouse;
let calls: readonly Call[];
beforeAll(async () => {
  house = await raiseTestHouse({ meters: [{ address: METER, model: "remote-ledger", mode: "remote" }] });
  const { paths } = (await ask(house.gateway.url, "GET", "/openapi.json")).json;
  calls = Object.entries(thing(paths)).flatMap(([path, methods]) =>
    Object.entries(thing(methods)).map(([method, told]) => ({ name: `${method.toUpperCase()} ${path}`, told: thing(told) })),
  );
});
afterAll(() => house.close());

/** "`GET, POST /v1/x` · `GET /v1/y[/{id}]`" of each row: the calls it names, and the file in which it says they are. */
function* rowsOfReadme(): Generator<{ readonly name: string; readonly file: string }> {
  for (const [, cell, file] of readFileSync(join(ROOM, "README.md"), "utf8").matchAll(
    /^\| (`.*?) +\|.*\| `(routes\/.*?)` +\|$/gm,
  ))
    for (const [, methods, path, more] of cell!.matchAll(/`((?:[A-Z]+, )*[A-Z]+) ([^`[]*)(?:\[(.*?)\])?`/g))
      for (const method of methods!.split(", "))
        for (const end of more === undefined ? [""] : ["", more]) yield { name: `${method} ${path}${end}`, file: file! };
}

test("the README's table names every call, once, and no other", () => {
  expect([...rowsOfReadme()].map(({ name }) => name).sort()).toEqual(calls.map(({ name }) => name).sort());
});

test("and each stands in the file it is said to stand in", () => {
  const elsewhere = [...rowsOfReadme()].filter(({ name, file }) => {
    if (file === "routes/session.ts") return false; // its path belongs to the access
    const path = name.split(" ")[1]!.replaceAll(/\{(\w+)\}/g, ":$1");
    const text = readFileSync(join(ROOM, file), "utf8");
    // two verbs that are alike may be one route in the text, with the verb left open
    return !text.includes(`"${path}"`) && !text.includes(`\`${path.slice(0, path.lastIndexOf("/"))}/$`);
  });
  expect(elsewhere).toEqual([]);
});

test("every call says what it answers when all is well, with its shape", () => {
  const silent = calls.filter(({ told }) => {
    const good = Object.entries(thing(told["responses"])).filter(([status]) => status.startsWith("2"));
    return good.length === 0 || good.some(([status, answer]) => status !== "204" && thing(answer)["content"] === undefined);
  });
  expect(silent.map(({ name }) => name)).toEqual([]);
});

test("every call has a summary, which is its name in the pages", () => {
  const nameless = calls.filter(({ told }) => typeof told["summary"] !== "string" || told["summary"] === "");
  expect(nameless.map(({ name }) => name)).toEqual([]);
});

test("every call that writes has its right in the table of the door, and no other is there", () => {
  const routes = calls.map(({ name }) => name.replaceAll(/\{(\w+)\}/g, ":$1")).filter((name) => !name.startsWith("GET "));
  const opened = Object.keys(table).filter((name) => !name.endsWith(" /v1/session")); // sessions are there where there are keys
  expect(routes.filter((name) => !name.endsWith(" /v1/session")).sort()).toEqual(opened.sort());
});

test("what has to be given is not told as optional", () => {
  const exempt = calls.find(({ name }) => name === "POST /v1/accounts/{account}/exemptions")!;
  const body = thing(thing(thing(thing(exempt.told["requestBody"])["content"])["application/json"])["schema"]);
  expect(body["required"]).toEqual(["kind", "until", "reason"]);
});

test("a list that can be a sheet is told as both, and is both", async () => {
  const bill = calls.find(({ name }) => name === "GET /v1/accounts/{account}/bill")!;
  expect(Object.keys(thing(thing(thing(bill.told["responses"])["200"])["content"]))).toEqual(["application/json", "text/csv"]);
  const path = `/v1/accounts/${accountOf(METER)}/bill`;
  expect((await ask(house.gateway.url, "GET", path)).type).toMatch(/^application\/json/);
  expect((await ask(house.gateway.url, "GET", `${path}?format=csv`)).type).toBe("text/csv; charset=utf-8");
});
