/** A night of a real house: its midnights come, and what came, what is missing and what meters wrote down is told at the door. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Instant, minutes, ShiftableClock } from "../../src/kernel/clock.ts";
import { main } from "../../src/cli/meterctl.ts";
import { raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { aMoment, ask, expectProblem, itemsOf, untilTrue, type Answer } from "./door.ts";

const [well, fast, away] = ["202611220001", "202611220002", "202611220003"] as [string, string, string];
const LONG_MS = 60_000;

describe("collection at the door", () => {
  const clock = new ShiftableClock(Instant(Date.parse("2026-11-22T23:50:00+08:00")));
  let house: TestHouse;
  const get = (path: string): Promise<Answer> => ask(house.gateway.url, "GET", path);
  beforeAll(async () => {
    house = await raiseTestHouse({
      clock,
      start: clock.now(),
      meters: [
        { address: well, model: "remote-ledger" },
        { address: fast, model: "remote-ledger", clockOffsetMs: minutes(8) },
        { address: away, model: "remote-ledger" },
      ],
    });
    await untilTrue("all meters are heard", () => house.gateway.street.health(away as never).lastHeardAt !== null);
    // the day before is opened first: a meter owes from the midnight after it came
    await untilTrue("the books know the meters", async () => (await get("/v1/collection")).status === 200);
    house.street.setFault(away, { kind: "silence" });
    await clock.jump(minutes(15));
  }, LONG_MS);
  afterAll(() => house.close());

  test(
    "the rate is told by day, line and class, with what is missing beside it",
    async () => {
      await untilTrue(
        "both midnights came",
        async () => itemsOf(await get("/v1/collection?day=2026-11-23"))[0]?.["byFreeze"] === 2,
        LONG_MS,
      );
      await untilTrue("the silent one is a gap", async () => itemsOf(await get("/v1/collection/gaps")).length === 1, LONG_MS);
      const row = { day: "2026-11-23", expected: 3, collected: 2, rate: 0.6666, missing: 1, givenUp: 0, due: 0 };
      expect(itemsOf(await get("/v1/collection?day=2026-11-23"))).toMatchObject([{ ...row, key: null }]);
      expect(itemsOf(await get("/v1/collection?by=line"))).toMatchObject([{ ...row, key: "tcp-1" }]);
      expect(itemsOf(await get("/v1/collection?from=2026-11-20&to=2026-11-25&by=class"))).toMatchObject([{ key: "residential" }]);
      const gaps = await get("/v1/collection/gaps?day=2026-11-23&line=tcp-1");
      expect(gaps.json).toMatchObject({
        ...{ next: null, total: 1 },
        items: [{ meter: away, state: "missing", because: "silent", askedAt: aMoment }],
      });
      expect(itemsOf(await get("/v1/collection/gaps?limit=1"))).toHaveLength(1);
      expect((await get("/v1/collection/gaps?limit=1")).json["next"]).toBe(`2026-11-23/${away}`);
      expect(itemsOf(await get(`/v1/collection/gaps?cursor=2026-11-23/${away}`))).toEqual([]);
      const metrics = (await get("/metrics")).text;
      expect(metrics).toContain('fee_control_collection_rate{bus="tcp-1",day="today"} 0.6666');
      expect(metrics).toContain('fee_control_collection_gaps{bus="tcp-1",day="today"} 1');
    },
    2 * LONG_MS,
  );

  test(
    "a clock that is minutes off is in its history, and an exception with its next step",
    async () => {
      const [row] = itemsOf(await get(`/v1/meters/${fast}/clocks`));
      expect(row).toMatchObject({ at: aMoment, verdict: "off" });
      expect(itemsOf(await get(`/v1/meters/${well}/clocks`))).toMatchObject([{ verdict: "right" }]);
      const items = itemsOf(await get("/v1/exceptions?kind=clock-off"));
      expect(items).toMatchObject([{ meter: fast, state: "open", owner: "field-desk" }]);
    },
    LONG_MS,
  );

  test("what a meter wrote down is told, and what nobody can ask is refused by name", async () => {
    expect((await get(`/v1/meters/${well}/events`)).json).toEqual({ items: [], next: null });
    expect((await get(`/v1/meters/${well}/hours`)).json).toEqual({ items: [], next: null });
    expectProblem(await get("/v1/meters/999999999999/events"), 404, "unknown-meter");
    for (const path of ["?day=2026-02-30", "?from=2026-01-01&to=2026-11-22", "?by=colour", "/gaps?cursor=x"])
      expectProblem(await get(`/v1/collection${path}`), 400, "invalid-request");
  });

  test("the command line prints the same, and ends with 1 while something is missing", async () => {
    const said: string[] = [];
    const terminal = { out: (text: string) => void said.push(text), error: (text: string) => void said.push(text), env: {} };
    const api = ["--api", house.gateway.url];
    expect(await main(["collection", "--day", "2026-11-23", ...api], terminal)).toBe(0);
    expect(await main(["collection", "--gaps", ...api], terminal)).toBe(1);
    expect(said[0]).toBe("2026-11-23   66.66 %  2 of 3  1 missing");
    expect(said[1]).toBe(`2026-11-23  ${away}  tcp-1  missing  the meter does not answer · 电表无应答`);
    expect(await main(["collection", "--gaps", "--json", ...api], terminal)).toBe(1);
    expect(JSON.parse(said[2]!)).toMatchObject({ items: [{ meter: away }] });
  });
});
