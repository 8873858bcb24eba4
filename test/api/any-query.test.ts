/** Whatever stands in an address line, the door says what is wrong with it: no call that reads answers 500. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { ask, expectProblem, thing, things, type Answer, type Thing } from "./door.ts";

const METER = "202611220031";
const UUID = "01890000-0000-7000-8000-000000000000";

let house: TestHouse;
beforeAll(async () => {
  house = await raiseTestHouse({ meters: [{ address: METER, model: "remote-ledger", mode: "remote" }] });
  house.street.pauseHouseholds();
});
afterAll(() => house.close());

const get = (path: string): Promise<Answer> => ask(house.gateway.url, "GET", path);

/** What stands for a place of the path where it is not the place that is tried. */
const places: Readonly<Record<string, string>> = { address: METER, account: accountOf(METER), bus: "tcp-1", name: "bank" };
/** A stream has no end, and neither reads anything by its address line. */
const NOT_TRIED: ReadonlySet<string> = new Set(["/v1/events"]);

const BAD = [
  "%00",
  "a%00b",
  "",
  "9999-12-30",
  "9999-12-31",
  "0000-01-01",
  "0001-01-01",
  "0000-01-01T00:00:00Z",
  "9999-12-31T23:59:59-12:00",
  "9999-12-31/999999999999",
  "0000-01-01/202611220031",
  "999999999999999999",
  "999999999999999.999999999999999999",
  "-1",
  "%F0%9F%92%A1",
];

test("every query and every place of every call that reads takes NUL, the first year and the last one, and never answers 500", async () => {
  const paths = (await get("/openapi.json")).json["paths"] as Readonly<Record<string, Thing>>;
  const broken: string[] = [];
  let tried = 0;
  const look = async (path: string): Promise<void> => {
    tried += 1;
    const { status } = await get(path);
    if (status >= 500) broken.push(`${status} ${path}`);
  };
  for (const [pattern, methods] of Object.entries(paths)) {
    const call = methods["get"] as Thing | undefined;
    if (call === undefined || NOT_TRIED.has(pattern)) continue;
    const parameters = things(call["parameters"] ?? []);
    const path = (tried_?: string, bad = ""): string =>
      pattern.replaceAll(/\{(\w+)\}/g, (_, name: string) => (name === tried_ ? bad : (places[name] ?? UUID)));
    const needed = parameters
      .filter((each) => each["in"] === "query" && each["required"] === true)
      .map(({ name, schema }) => `${String(name)}=${String((thing(schema)["enum"] as readonly string[])[0])}`);
    for (const { name, in: where } of parameters)
      for (const bad of BAD)
        if (where === "query") await look(`${path()}?${[...needed, `${String(name)}=${bad}`].join("&")}`);
        else if (where === "path" && bad !== "" && !bad.includes("/")) await look(path(String(name), bad));
  }
  expect(broken).toEqual([]);
  expect(tried).toBeGreaterThan(300);
}, 120_000);

test("a day outside of 2000 to 2999, and a name with NUL, are refused by name", async () => {
  const account = accountOf(METER);
  for (const path of [
    "/v1/collection?from=9999-12-30",
    "/v1/collection?day=0000-01-01",
    "/v1/collection/gaps?day=1999-12-31",
    "/v1/collection/gaps?line=%00",
    "/v1/collection/gaps?class=%00",
    "/v1/reviews?list=silent&bus=%00",
    `/v1/accounts/${account}/bill?from=3000-01-01`,
    `/v1/meters/${METER}/readings?item=%00`,
  ])
    expectProblem(await get(path), 400, "invalid-request");
  expect((await get("/v1/collection?day=2026-11-22")).status).toBe(200);
});
