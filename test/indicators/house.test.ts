/** One real house: what its door tells of itself is what an outsider computes from the files of that same door. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { main } from "../../src/cli/meterctl.ts";
import { Instant, ShiftableClock } from "../../src/kernel/clock.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { ask, expectProblem, itemsOf, untilTrue, type Answer } from "../api/door.ts";
import { computedAgain, linesOf } from "./again.ts";

const [paid, cutByHand] = ["202611220021", "202611220022"] as [string, string];
const LONG_MS = 60_000;

describe("indicators at the door", () => {
  const clock = new ShiftableClock(Instant(Date.parse("2026-11-23T10:00:00+08:00")));
  let house: TestHouse;
  const get = (path: string): Promise<Answer> => ask(house.gateway.url, "GET", path);
  const relay = async (address: string, order: string): Promise<void> => {
    const { json } = await ask(house.gateway.url, "POST", `/v1/meters/${address}/relay`, { body: { order, reason: "test" } });
    const { id } = json["command"] as { readonly id: string };
    await untilTrue(`${order} is shown`, async () => (await get(`/v1/commands/${id}`)).json["state"] === "confirmed", LONG_MS);
  };
  beforeAll(async () => {
    house = await raiseTestHouse({
      clock,
      start: clock.now(),
      meters: [paid, cutByHand].map((address) => ({ address, model: "remote-ledger" as const, mode: "remote" as const })),
    });
    house.street.pauseHouseholds();
    await relay(cutByHand, "disconnect");
    await relay(cutByHand, "reconnect");
    await ask(house.gateway.url, "POST", "/v1/payments", {
      body: { account: accountOf(paid), amount: "50.00", channel: "bank", orderId: "order-1" },
    });
  }, 2 * LONG_MS);
  afterAll(() => house.close());

  test(
    "are what anybody computes from the rows of the same door",
    async () => {
      for (const by of ["none", "class"]) {
        const items = itemsOf(await get(`/v1/indicators?from=2026-11&by=${by}`));
        for (const { name, key, value, numerator, denominator } of items) {
          const file = await get(`/v1/indicators/${String(name)}/rows?from=2026-11&format=csv`);
          expect(file.type).toBe("text/csv; charset=utf-8");
          const lines = linesOf(file.text).filter((line) => by === "none" || line["class"] === (key ?? ""));
          expect({ name, key, value, numerator, denominator }).toEqual({ name, key, ...computedAgain(String(name), lines) });
        }
      }
      const named = (name: string) => get(`/v1/indicators?from=2026-11-23&name=${name}`).then((answer) => itemsOf(answer)[0]);
      expect(await named("cuts-verified")).toMatchObject({ value: 1, numerator: 1, denominator: 1, unit: "share", target: null });
      expect(await named("restores-verified")).toMatchObject({ value: 1, meets: true, target: { way: "at-least", value: 0.96 } });
      expect(await named("meters-quarantined")).toMatchObject({ value: 0, denominator: 2, now: true });
    },
    2 * LONG_MS,
  );

  test("name no customer in what is taken along", async () => {
    const file = await (
      await fetch(`${house.gateway.url}/v1/indicators/restores-verified/rows?from=2026-11&format=jsonl`)
    ).text();
    expect(
      file
        .trimEnd()
        .split("\n")
        .map((line) => (JSON.parse(line) as { kind: string }).kind)
        .sort(),
    ).toEqual(["disconnect", "reconnect"]);
    expect(file).not.toContain(`"${accountOf(cutByHand)}"`);
  });

  test("are refused where the period or the name is none", async () => {
    expectProblem(await get("/v1/indicators?from=2026-11-23&to=2026-11-22"), 400, "period-malformed");
    expectProblem(await get("/v1/indicators?from=2026-01&to=2026-11"), 400, "period-malformed");
    expectProblem(await get("/v1/indicators?from=2026-13"), 400, "invalid-request");
    expect((await get("/v1/indicators?from=2026-13")).text).toContain("a day like 2026-11-22 or a month like 2026-11");
    expectProblem(await get("/v1/indicators/none-such/rows"), 400, "invalid-request");
  });

  test("that must be none stand among the figures, and a command line tells all of them", async () => {
    const figures = (await get("/metrics")).text;
    for (const name of ["false-cuts", "unverified-now", "unverified-at-day-end", "top-ups-in-doubt-at-day-end"])
      expect(figures).toContain(`fee_control_indicator{name="${name}"} 0`);
    const told = await said("indicators", "--from", "2026-11");
    expect(told.out).toMatch(
      /^restores-verified +100\.00 % +1 of 1 +\(at least 96\.00 %\) +Restores verified · 复电执行成功率$/m,
    );
    expect((await said("indicators", "--from", "2026-11", "--by", "class", "--csv")).out).toMatch(
      /^restores-verified,residential,share,1,1,1,at-least 0\.96,true\r?$/m,
    );
    const rows = await said("indicators", "rows", "cuts-verified", "--from", "2026-11");
    expect(linesOf(`${rows.out}\n`)).toHaveLength(2);
    expect((await said("indicators", "rows")).code).toBe(2);
  });

  async function said(...words: readonly string[]): Promise<{ readonly out: string; readonly code: number }> {
    const lines: string[] = [];
    const terminal = { out: (text: string) => void lines.push(text), error: () => undefined, env: {} };
    const code = await main([...words, "--api", house.gateway.url], terminal);
    return { out: lines.join("\n"), code };
  }
});
