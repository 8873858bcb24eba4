/**
 * The console in a real browser, against a gateway of cardboard: does the page show what the gateway says, as it says it,
 * and does it ask for what the person at the desk asked? Whether the real gateway says these things is a journey's story.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { suiteNeeding } from "../support/servers.ts";
import { buildConsole } from "./build-console.ts";
import { launchBrowser, openDesk, type Look } from "./desk-in-browser.ts";
import { aCommand, aMeter, anAccount, anException, moment, startFakeGateway } from "./fake-gateway.ts";
import type { FakeGateway } from "./fake-gateway.ts";

suiteNeeding(["chromium"], "the console", () => {
  let folder: string;
  let gateway: FakeGateway;
  let browser: Browser;
  let context: BrowserContext | undefined;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "console-"));
    buildConsole(join(folder, "dist"));
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    gateway = await startFakeGateway(join(folder, "dist"));
    for (let n = 1; n <= 6; n += 1) gateway.addMeter(aMeter(n), anAccount(n));
  });
  afterEach(async () => {
    await context?.close();
    context = undefined;
    await gateway.close();
    expect(complaints).toEqual([]);
  });

  const openPage = async (look: Look = {}): Promise<void> => {
    ({ context, page, complaints } = await openDesk(browser, gateway.url, look));
  };

  const meterRow = (n: number): Locator =>
    page.locator(`[data-testid="meter-row"][data-address="${String(202_611_220_000 + n)}"]`);
  const commandRow = (id: string): Locator => page.locator(`[data-testid="command-row"][data-command="${id}"]`);
  const horizontalOverflow = (): Promise<number> =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

  test("the street is shown with names, funds, relay, health and identity", async () => {
    gateway.addMeter(
      aMeter(7, {
        model: "remote-ledger",
        relay: {
          desired: "disconnected",
          reported: "disconnected",
          proof: { item: "04000503", protected: false },
          at: moment(3),
        },
      }),
      anAccount(7, { name: "Corner shop", mode: "remote", available: "-3.20" }),
    );
    gateway.addMeter(
      aMeter(8, { identity: "quarantined", health: { state: "silent", failures: 4, lastHeardAt: moment(1), askAgainAt: null } }),
      anAccount(8),
    );
    await openPage();

    expect(await page.getByTestId("meter-row").count()).toBe(8);
    await expect.poll(() => meterRow(1).innerText()).toContain("Flat 1");
    expect(await meterRow(1).getByTestId("meter-funds").innerText()).toBe("50.00");
    await expect
      .poll(() => meterRow(7).innerText())
      .toMatch(/Corner shop[\s\S]*disconnected[\s\S]*-3\.20[\s\S]*available[\s\S]*remote ledger/);
    expect(await meterRow(8).innerText()).toMatch(/silent[\s\S]*4 unanswered in a row[\s\S]*quarantined/);

    await page.getByRole("button", { name: "Quarantined 1" }).click();
    await expect.poll(() => page.getByTestId("meter-row").count()).toBe(1);
  });

  test("a payment from the form is seen moving until the meter shows it", async () => {
    await openPage();
    await page.getByRole("button", { name: "202611220002" }).click();
    expect(await page.getByTestId("pay-account").inputValue()).toBe("1000000002");
    await page.getByTestId("pay-amount").fill("100.00");
    await page.getByTestId("pay-submit").click();
    await expect.poll(() => page.getByTestId("pay-done").innerText()).toContain("100.00");

    const [asked] = gateway.asked;
    expect(asked).toMatchObject({ path: "/v1/payments", body: { account: "1000000002", amount: "100.00", channel: "console" } });
    expect(asked?.body["orderId"]).toBeTruthy();
    expect(asked?.key).toBeTruthy();

    const row = commandRow("0197-new-1");
    const state = row.getByTestId("command-state");
    await expect.poll(() => state.innerText()).toBe("accepted");
    expect(await row.innerText()).toContain("100.00 yuan");
    const lit = (): Promise<number> => row.locator('[data-lit="true"]').count();
    const proof = { sent: null as string | null, acknowledged: null as string | null, verified: null as string | null };

    gateway.move("0197-new-1", "queued", { waitingFor: "line" });
    await expect.poll(() => row.innerText()).toContain("waits for its turn on the line");
    expect(await state.innerText()).toBe("queued");
    gateway.move("0197-new-1", "sending", { proof: { ...proof, sent: moment(111) } });
    await expect.poll(lit).toBe(1);
    expect(await state.innerText()).toBe("sending");
    gateway.move("0197-new-1", "verifying", {
      waitingFor: "read-back",
      proof: { ...proof, sent: moment(111), acknowledged: moment(112) },
    });
    await expect.poll(lit).toBe(2);
    expect(await state.innerText()).toBe("verifying");
    gateway.move("0197-new-1", "confirmed", { proof: { sent: moment(111), acknowledged: moment(112), verified: moment(114) } });
    await expect.poll(lit).toBe(3);
    expect(await state.innerText()).toBe("confirmed");

    const wallet = aMeter(2)["readings"] as Record<string, object>;
    gateway.changeMeter("202611220002", { readings: { ...wallet, balance: { ...wallet["balance"], value: "150.00" } } });
    await expect.poll(() => meterRow(2).getByTestId("meter-funds").innerText()).toBe("150.00");
  });

  test("steps announced within a millisecond are seen one after another, also when the object overtakes them", async () => {
    gateway.addCommand(aCommand("c1"));
    await openPage();
    await expect.poll(() => commandRow("c1").getAttribute("data-state")).toBe("accepted");
    await page.evaluate(() => {
      const row = document.querySelector('[data-command="c1"]')!;
      const seen: string[] = [];
      Object.assign(window, { seen });
      new MutationObserver(() => seen.push(row.getAttribute("data-state")!)).observe(row, { attributeFilter: ["data-state"] });
    });
    for (const state of ["queued", "sending", "verifying", "confirmed"]) gateway.move("c1", state);
    // Late news of a step that is over must not take the command back.
    gateway.announce({ type: "command", id: "c1", meter: "202611220001", kind: "top-up", state: "confirmed" });
    await expect.poll(() => commandRow("c1").getAttribute("data-state")).toBe("confirmed");
    gateway.announce({ type: "command", id: "c1", meter: "202611220001", kind: "top-up", state: "sending" });
    await expect.poll(() => gateway.fetched.get("/v1/commands/c1")).toBeGreaterThanOrEqual(2);
    expect(await page.evaluate(() => (window as unknown as { seen: string[] }).seen)).toEqual([
      "queued",
      "sending",
      "verifying",
      "confirmed",
    ]);
  });

  test("what is declined is told as a sentence and a next step, in both languages", async () => {
    await openPage();
    await page.getByTestId("pay-account").fill("4711");
    await page.getByTestId("pay-amount").fill("20");
    await page.getByTestId("pay-submit").click();
    const problem = page.getByTestId("problem");
    await expect.poll(() => problem.innerText()).toMatch(/No such account\.[\s\S]*Next step Check the account number/);
    expect(await problem.getAttribute("role")).toBe("alert");

    await page.getByTestId("language").click();
    await expect.poll(() => problem.innerText()).toMatch(/户号不存在。[\s\S]*下一步 请核对户号/);
  });

  test("a payment whose answer was lost keeps its order id, so that it cannot be taken twice", async () => {
    await openPage();
    await page.getByTestId("pay-account").fill("1000000001");
    await page.getByTestId("pay-amount").fill("30.00");
    gateway.declineNext("break");
    await page.getByTestId("pay-submit").click();
    await expect.poll(() => page.getByTestId("pay-form").innerText()).toContain("it cannot be taken twice");
    await page.getByTestId("pay-submit").click();
    await expect.poll(() => page.getByTestId("pay-done").innerText()).toContain("30.00");
    await page.getByTestId("pay-amount").fill("30.00");
    await page.getByTestId("pay-submit").click();
    await expect.poll(() => gateway.asked.length).toBe(3);

    const [lost, again, another] = gateway.asked.map(({ key, body }) => [key, body["orderId"]]);
    expect(again).toEqual(lost);
    expect(another).not.toEqual(lost);
  });

  test("a relay order needs a reason, and each order a reason of its own", async () => {
    await openPage();
    await page.getByRole("button", { name: "202611220003" }).click();
    await page.getByTestId("relay-disconnect").click();
    await expect.poll(() => page.getByTestId("relay-form").innerText()).toContain("A reason is needed");
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("TEXTAREA");
    expect(gateway.asked).toEqual([]);

    await page.getByTestId("relay-reason").fill("meter exchange");
    await page.getByTestId("relay-disconnect").click();
    await expect.poll(() => page.getByTestId("relay-done").innerText()).toContain("disconnect");
    expect(gateway.asked).toMatchObject([
      { path: "/v1/meters/202611220003/relay", body: { order: "disconnect", reason: "meter exchange" } },
    ]);
    expect(await commandRow("0197-new-1").getAttribute("data-kind")).toBe("disconnect");

    await page.getByTestId("relay-reconnect").click();
    await expect.poll(() => page.getByTestId("relay-form").innerText()).toContain("A reason is needed");
    expect(gateway.asked.length).toBe(1);
  });

  test("the keyboard alone reaches a meter, a payment and the legend", async () => {
    await openPage();
    await page.getByRole("button", { name: "202611220004" }).focus();
    await page.keyboard.press("Enter");
    await page.getByTestId("pay-amount").focus();
    await page.keyboard.type("15.5");
    await page.keyboard.press("Enter");
    await expect.poll(() => gateway.asked[0]?.body).toMatchObject({ account: "1000000004", amount: "15.5" });

    await page.getByTestId("legend-button").focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => page.getByTestId("legend").innerText()).toContain("An acknowledgement alone is not enough");
    await page.keyboard.press("Escape");
    await expect.poll(() => page.getByTestId("legend").isVisible()).toBe(false);
  });

  test("what waits for a person is counted, shown with evidence and next step, decided with a note, and gone, in both languages", async () => {
    await openPage();
    expect(await page.getByTestId("exceptions-badge").count()).toBe(0);
    gateway.addException(anException("0198-a"));
    gateway.addException(
      anException("0198-b", {
        kind: "ledger-difference",
        title: { en: "Ledger and meter differ", zh: "账表不符" },
        command: null,
        because: "person",
        says: { en: "a person wrote to its wallet", zh: "人工改写" },
        overdue: true,
        suggestion: {
          legs: [
            { book: "adjustments", amount: "-0.01" },
            { book: "meter/202611220001", amount: "0.01" },
          ],
        },
        attempts: [],
      }),
    );
    const badge = page.getByTestId("exceptions-badge");
    await expect.poll(() => badge.innerText()).toBe("2");
    expect(await badge.getAttribute("data-overdue")).toBe("true");

    await page.getByTestId("exceptions-button").click();
    const view = page.getByTestId("exceptions");
    await expect.poll(() => page.getByTestId("suggestion").innerText()).toMatch(/adjustments -0\.01/);
    expect(await view.innerText()).toContain("overdue");
    expect(await view.innerText(), "by its own words, where it has some").toContain("a person wrote to its wallet");
    expect(await page.getByTestId("exception-apply").isDisabled()).toBe(true); // not without a note
    await page.getByTestId("exception-note").fill("seen at the display");
    await page.getByTestId("exception-apply").click();
    await expect.poll(() => page.getByTestId("exception-row").count()).toBe(1);
    expect(gateway.asked.at(-1)).toMatchObject({ path: "/v1/exceptions/0198-b/apply", body: { note: "seen at the display" } });

    await expect
      .poll(() => view.innerText())
      .toMatch(/Read the purchase count at the meter\.[\s\S]*balance\s+50\.00 yuan[\s\S]*68 01 00 22 11/);
    expect(await page.getByTestId("exception-close").count()).toBe(0); // a dispute is decided
    await page.getByTestId("exception-owner").fill("Li");
    await page.getByTestId("exception-note").fill("knows the meter");
    await page.getByTestId("exception-assign").click();
    await expect.poll(() => page.getByTestId("exception-row").innerText()).toContain("Li");
    await page.getByTestId("exception-note").fill("its record names it");
    await page.getByTestId("exception-done").click();
    await expect.poll(() => view.innerText()).toContain("Nothing waits for a person.");
    expect(gateway.asked.at(-1)).toMatchObject({
      path: "/v1/commands/0197-a/resolve",
      body: { verdict: "done", note: "its record names it" },
    });

    await page.keyboard.press("Escape");
    await page.getByTestId("language").click();
    gateway.addException(anException("0198-c"));
    await expect.poll(() => badge.innerText()).toBe("1");
    await page.getByTestId("exceptions-button").click();
    await expect.poll(() => view.innerText()).toMatch(/充值结果存疑[\s\S]*读取电表购电次数/);
  });

  test("what is worth a look is listed, sorted, filtered and taken along, in both languages", async () => {
    await openPage();
    await page.getByTestId("reviews-button").click();
    const view = page.getByTestId("reviews");
    await expect.poll(() => view.innerText()).toContain("Nothing on this list.");
    await page.getByTestId("list-swings").click();
    const rows = page.getByTestId("review-row");
    await expect.poll(() => rows.allInnerTexts()).toHaveLength(2);
    expect((await rows.allInnerTexts())[0]).toMatch(/202611220004[\s\S]*8\.5[\s\S]*much more than usual[\s\S]*usual 9\.00/);
    expect(await view.innerText()).toContain("… and 1200 more; the CSV has all of them.");
    await page.getByTestId("sort-score").click();
    await expect.poll(async () => (await rows.allInnerTexts())[0]).toContain("202611220002");
    expect(await page.getByTestId("review-csv").getAttribute("href")).toBe(
      "/v1/reviews?list=swings&sort=score&order=asc&limit=1000&format=csv",
    );
    await page.getByTestId("review-find").fill("much-more");
    await expect.poll(() => rows.allInnerTexts()).toHaveLength(1);
    await view.getByRole("button", { name: "Close" }).click();
    await page.getByTestId("language").click();
    await page.getByTestId("reviews-button").click();
    await expect.poll(() => view.innerText()).toMatch(/用电波动[\s\S]*偏离倍数[\s\S]*用电突增/);
  });

  test("today and this month stand beside what is aimed at, together and by class, in both languages", async () => {
    await openPage();
    await page.getByTestId("indicators-button").click();
    const rates = page.getByTestId("indicator-collection-rate");
    await expect
      .poll(() => rates.innerText())
      .toMatch(/50\.00 %[\s\S]*1\/2[\s\S]*missed[\s\S]*100\.00 %[\s\S]*at least 99\.90 %/);
    expect(await page.getByTestId("indicator-false-cuts").innerText()).toMatch(/0\s+0\/3[\s\S]*at most 0/);
    expect(await rates.getByRole("link").getAttribute("href")).toBe(
      "/v1/indicators/collection-rate/rows?from=2026-11-01&to=2026-11-22",
    );
    await page.getByTestId("indicators-by").click();
    await expect.poll(() => rates.allInnerTexts()).toHaveLength(2);
    expect(gateway.asked.filter(({ path }) => path.startsWith("/v1/indicators"))).toEqual([]); // nothing is written by looking
    await page.keyboard.press("Escape");
    await page.getByTestId("language").click();
    await page.getByTestId("indicators-button").click();
    await expect
      .poll(() => page.getByTestId("indicators").innerText())
      .toMatch(/本月[\s\S]*采集成功率[\s\S]*residential[\s\S]*未达标/);
  });

  test("the midnights that came are counted, and of those that are missing it is said how many are not listed", async () => {
    await openPage();
    await page.getByTestId("collection-button").click();
    const gaps = page.getByTestId("collection-gaps");
    await expect.poll(() => gaps.innerText()).toMatch(/202611220005 missing · does not answer/);
    expect(await gaps.innerText()).toContain("… and 249 more; all of them: meterctl collection --gaps");
    await expect.poll(() => page.getByTestId("collection-rates").innerText()).toMatch(/3\.84 %[\s\S]*10 of 260/);
    const before = gateway.fetched.get("/v1/collection") ?? 0;
    await page.getByTestId("collection-by").click();
    await expect.poll(() => gateway.fetched.get("/v1/collection") ?? 0).toBeGreaterThan(before);
    await page.keyboard.press("Escape");
    await page.getByTestId("language").click();
    await page.getByTestId("collection-button").click();
    await expect.poll(() => gaps.innerText()).toMatch(/未采到 · 无应答[\s\S]*另有 249 条/);
  });

  test("the red button is there also while nobody can say what stands", async () => {
    await openPage();
    await page.getByTestId("cuts-button").click();
    await page.getByTestId("cuts").getByRole("alert").first().waitFor();
    await page.getByTestId("emergency-stop").click();
    await page.getByTestId("stop-reason").fill("smoke in the station");
    await page.getByTestId("stop-say").click();
    await expect.poll(() => gateway.asked.at(-1)).toMatchObject({ path: "/v1/emergency-stop" });
  });

  test("a stop of yesterday says its day, a list that ended says why in words, and a long dry run says how many are not shown", async () => {
    const halt = {
      kind: "stop",
      says: { en: "a person", zh: "人工" },
      reason: "smoke",
      begunAt: moment(2),
      begunBy: "anna",
      release: { asked: null },
    };
    const list = { id: "b1", state: "stopped", proposedBy: "rules", proposedAt: moment(1), reason: "21 are due at once" };
    gateway.answer("/v1/cuts", {
      ...{ stop: halt, brake: null },
      batches: [
        {
          ...list,
          first: null,
          second: null,
          goodUntil: null,
          says: { en: "one of the first was not shown by its meter", zh: "首批中有电表未证实" },
        },
      ],
    });
    gateway.answer("/v1/cuts/preview", {
      ...{ meters: 3000, due: 1201, held: 800, owed: "5.00", sharePercent: 40, needsApproval: true },
      ...{ seconds: { byLines: 4, byBrake: 0 }, items: [] },
    });
    await openPage({ width: 390, height: 844, locale: "zh-CN" });
    await page.getByTestId("cuts-button").click();
    const view = page.getByTestId("cuts");
    await expect.poll(() => view.innerText()).toMatch(/自 2026-11-22[\s\S]*首批中有电表未证实/);
    await expect.poll(() => view.innerText()).toContain("2001");
    await page.keyboard.press("Escape");
    await page.getByTestId("indicators-button").click();
    const cell = page.getByTestId("indicator-false-cuts").locator("td").nth(2);
    await cell.waitFor();
    expect(await cell.evaluate((td) => getComputedStyle(td, "::before").content)).toContain("本月");
  });

  test("the red button asks once more and for a reason; a list is looked through before it is approved; what stands is released, in both languages", async () => {
    const list = { id: "b1", state: "proposed", proposedBy: "rules", proposedAt: moment(1), reason: "21 are due at once" };
    const nobodyYet = { first: null, second: null, goodUntil: null, says: null };
    const member = { meter: "202611220001", account: "1000000001", line: "tcp-1", state: "waiting", canary: false };
    gateway.answer("/v1/cuts", { stop: null, brake: null, batches: [{ ...list, ...nobodyYet }] });
    const crowd = Array.from({ length: 999 }, (_, n) => ({
      ...member,
      meter: String(202611230001 + n),
      account: String(3000000001 + n),
    }));
    const members = [member, ...crowd].map((one) => ({ ...one, available: "-5.00", because: null }));
    gateway.answer("/v1/cuts/batches/b1", { ...list, ...nobodyYet, members });
    gateway.answer("/v1/cuts/preview", {
      ...{ meters: 6, due: 1, owed: "5.00", sharePercent: 16.67, needsApproval: true, seconds: { byLines: 4, byBrake: 0 } },
      items: [
        {
          ...{ meter: "202611220001", account: "1000000001", class: "residential", line: "tcp-1", due: true, owed: "5.00" },
          says: [{ en: "two persons are asked first", zh: "须双人审批" }],
        },
      ],
    });
    await openPage();
    await page.getByTestId("cuts-button").click();
    const view = page.getByTestId("cuts");
    await expect
      .poll(() => view.innerText())
      .toMatch(/Neither an emergency stop nor the brake stands[\s\S]*21 are due at once[\s\S]*1 of 6 would be cut/);
    expect(await page.getByTestId("cut-row").innerText()).toMatch(/202611220001[\s\S]*5\.00[\s\S]*two persons are asked first/);
    expect(await page.getByTestId("cut-csv").getAttribute("href")).toBe(
      "/v1/cuts/preview?sort=owed&order=desc&limit=1000&format=csv",
    );
    await page.getByTestId("cut-list-note").fill("compared with the bank");
    expect(await page.getByTestId("cut-list-approve").isDisabled(), "nobody approves what he has not seen").toBe(true);
    await page.getByTestId("cut-list-look").click();
    await expect.poll(() => page.getByTestId("cut-members").innerText()).toContain("-5.00");
    const shown = (): Promise<number> => page.getByTestId("cut-members").locator("tbody tr").count();
    expect([await shown(), await page.getByTestId("cut-members-more").innerText()]).toEqual([200, "800 more"]);
    await page.getByTestId("cut-members-more").click();
    expect(await shown()).toBe(400);
    await page.getByTestId("cut-members-find").fill("3000000999");
    expect([await shown(), await page.getByTestId("cut-members").innerText()]).toEqual([
      1,
      expect.stringContaining("202611230999"),
    ]);
    await page.getByTestId("cut-list-approve").click();
    await expect
      .poll(() => gateway.asked.at(-1))
      .toMatchObject({
        path: "/v1/cuts/batches/b1/approve",
        body: { note: "compared with the bank", members: 1_000, raiseBrake: false },
      });
    await page.getByTestId("propose-reason").fill("the month is over");
    await page.getByTestId("propose-say").click();
    await expect
      .poll(() => gateway.asked.at(-1))
      .toMatchObject({ path: "/v1/cuts/batches", body: { reason: "the month is over" } });
    await page.getByTestId("emergency-stop").click();
    expect(await page.getByTestId("stop-say").isDisabled()).toBe(true);
    await page.getByTestId("stop-reason").fill("smoke in the station");
    await page.getByTestId("stop-say").click();
    await expect
      .poll(() => gateway.asked.at(-1))
      .toMatchObject({ path: "/v1/emergency-stop", body: { reason: "smoke in the station" } });
    const stands = { kind: "stop", says: { en: "a person", zh: "人工" }, reason: "smoke", begunAt: moment(2), begunBy: "anna" };
    gateway.answer("/v1/cuts", { stop: { ...stands, release: { asked: { by: "anna" } } }, brake: null, batches: [] });
    gateway.announce({ type: "cuts", about: "stop", id: "s1", state: "stands" });
    await expect
      .poll(() => page.getByTestId("halt-stop").innerText())
      .toMatch(/anna would release it; a second person is needed/);
    await page.getByTestId("emergency-stop").waitFor(); // no, not yet
    await page.getByTestId("release-stop-reason").fill("it was steam");
    await page.getByTestId("release-stop-say").click();
    await expect
      .poll(() => gateway.asked.at(-1))
      .toMatchObject({ path: "/v1/cuts/stop/release", body: { reason: "it was steam" } });
    await view.getByRole("button", { name: "Close" }).click();
    await page.getByTestId("language").click();
    await page.getByTestId("cuts-button").click();
    await expect.poll(() => view.innerText()).toMatch(/紧急停止中[\s\S]*须另一人确认[\s\S]*须双人审批/);
  });

  test("the lines show how they are and what passed on them last, in words, in hex with dots, and in both languages", async () => {
    await openPage();
    await page.getByTestId("lines-button").click();
    const lines = page.getByTestId("lines");
    await expect.poll(() => lines.innerText()).toContain("← 202611220001 read data balance 50.00 yuan");
    expect(await lines.innerText()).toMatch(/tcp-1\s+open\s+busy 25\.3 % · 2 of 40 unanswered/);
    expect(await lines.innerText()).toContain("68 01 •• 16");
    expect(await lines.innerText()).toContain("5 bytes, stray bytes");
    await page.getByRole("button", { name: "rs485-1" }).click();
    await expect.poll(() => lines.innerText()).toContain("Nothing has passed on this line yet.");
    expect(await lines.innerText()).toContain("down: no such device");
    await page.keyboard.press("Escape");
    await expect.poll(() => lines.isVisible()).toBe(false);
    await page.getByTestId("language").click();
    await page.getByTestId("lines-button").click();
    await expect.poll(() => lines.innerText()).toContain("断开：no such device");
  });

  test("the language is kept for the next visit", async () => {
    await openPage();
    await page.getByTestId("language").click();
    await expect.poll(() => page.locator("h1").innerText()).toBe("费控街区");
    await page.reload();
    await expect.poll(() => page.locator("h1").innerText()).toBe("费控街区");
    expect(await page.locator("html").getAttribute("lang")).toBe("zh-CN");
    await expect.poll(() => meterRow(1).innerText()).toContain("已合闸");
  });

  test("what happened while the line was lost is there when it is back", async () => {
    gateway.addCommand(aCommand("c1", { state: "verifying", waitingFor: "read-back" }));
    await openPage();
    await expect.poll(() => page.getByTestId("line").getAttribute("data-line")).toBe("live");
    gateway.dropListeners();
    gateway.move("c1", "confirmed", { proof: { sent: moment(1), acknowledged: null, verified: moment(3) } });
    await expect.poll(() => commandRow("c1").getAttribute("data-state")).toBe("confirmed");
    expect(gateway.fetched.get("/v1/meters")).toBeGreaterThanOrEqual(2);
  });

  test("payments made before the page was opened are listed, whether or not a command belongs to them", async () => {
    const paid = { amount: "12.00", channel: "bank", state: "allocated", command: null, createdAt: moment(5) };
    gateway.addPayment({ ...paid, id: "p1", account: "1000000001", orderId: "o1" });
    gateway.addPayment({ ...paid, id: "p2", account: "1000000002", orderId: "o2", createdAt: moment(6) });
    await openPage();
    const rows = page.getByTestId("payment-row");
    await expect.poll(() => rows.allInnerTexts()).toHaveLength(2);
    await expect.poll(() => rows.first().innerText()).toMatch(/Flat 2[\s\S]*bank[\s\S]*12\.00[\s\S]*allocated/);
  });

  test("who has to sign in first sees nothing but the form, then the street and its events", async () => {
    gateway.lock("open-sesame");
    await openPage({ isShut: true });
    expect(await page.getByTestId("sign-in-key").getAttribute("type")).toBe("password");
    expect(await page.evaluate(() => document.activeElement?.getAttribute("data-testid"))).toBe("sign-in-key");
    expect(await page.getByTestId("pay-form").isVisible()).toBe(false);

    await page.getByTestId("sign-in-key").fill("guessed");
    await page.getByTestId("sign-in-submit").click();
    const problem = page.getByTestId("problem");
    await expect.poll(() => problem.innerText()).toMatch(/This is no key of this site\.[\s\S]*Next step Type it again/);
    await page.getByTestId("sign-in").getByTestId("language").click();
    await expect.poll(() => problem.innerText()).toMatch(/密钥不正确。[\s\S]*下一步 请重新输入/);
    await page.getByTestId("sign-in").getByTestId("language").click();

    await page.getByTestId("sign-in-key").fill("open-sesame");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.getByTestId("meter-row").count()).toBe(6);
    expect(await page.getByTestId("sign-in").count()).toBe(0);
    await expect.poll(() => page.getByTestId("line").getAttribute("data-line")).toBe("live");
    gateway.changeMeter("202611220001", { identity: "quarantined" });
    await expect.poll(() => meterRow(1).getAttribute("data-identity")).toBe("quarantined");
    await page.reload();
    await expect.poll(() => page.getByTestId("meter-row").count()).toBe(6);

    await page.getByTestId("sign-out").click();
    await page.getByTestId("sign-in").waitFor();
    expect(await page.getByTestId("meter-row").count()).toBe(0);
    await page.reload();
    await page.getByTestId("sign-in").waitFor();
  });

  test("a session that ends in the middle asks for the key, and what was typed is still there afterwards", async () => {
    await openPage();
    expect(await page.getByTestId("sign-out").count()).toBe(0);
    await page.getByTestId("pay-account").fill("1000000001");
    await page.getByTestId("pay-amount").fill("30.00");
    gateway.lock("open-sesame");
    await page.getByTestId("pay-submit").click();
    await page.getByTestId("sign-in-key").fill("open-sesame");
    expect(await page.getByTestId("pay-form").isVisible()).toBe(false);
    await page.getByTestId("sign-in-submit").click();
    await expect.poll(() => page.getByTestId("pay-form").isVisible()).toBe(true);
    expect(await page.getByTestId("pay-amount").inputValue()).toBe("30.00");
    await page.getByTestId("pay-submit").click();
    await expect.poll(() => page.getByTestId("pay-done").innerText()).toContain("30.00");
    expect(gateway.asked.length).toBe(1);
    await page.setViewportSize({ width: 360, height: 780 });
    await page.getByTestId("sign-out").waitFor();
    expect(await horizontalOverflow()).toBeLessThanOrEqual(0);

    // a restart of the gateway: the events end, and their next opening is refused
    await expect.poll(() => page.getByTestId("line").getAttribute("data-line")).toBe("live");
    gateway.lock("open-sesame");
    gateway.dropListeners();
    await page.getByTestId("sign-in").waitFor();
  });

  test("a hundred announcements about one meter do not become a hundred requests", async () => {
    await openPage();
    for (let n = 0; n < 100; n += 1)
      gateway.announce({ type: "reading", meter: "202611220001", item: "balance", value: `${String(n)}.00` });
    gateway.changeMeter("202611220001", { identity: "quarantined" });
    await expect.poll(() => meterRow(1).getAttribute("data-identity")).toBe("quarantined");
    expect(gateway.fetched.get("/v1/meters/202611220001")).toBeLessThan(10);
  });

  test.for([
    { width: 360, locale: "en-US", colorScheme: "dark" },
    { width: 360, locale: "zh-CN", colorScheme: "light" },
    { width: 1024, locale: "en-US", colorScheme: "light" },
  ] as const)("at $width pixels in $locale nothing runs off the side", async (look) => {
    gateway.addCommand(
      aCommand("c1", { state: "unanswered", because: "silence", proof: { sent: moment(1), acknowledged: null, verified: null } }),
    );
    await openPage({ ...look, height: 780 });
    expect(await horizontalOverflow()).toBeLessThanOrEqual(0);
    if (look.width > 900) return;
    await page.getByTestId("view-commands").click();
    await expect.poll(() => commandRow("c1").isVisible()).toBe(true);
    expect(await horizontalOverflow()).toBeLessThanOrEqual(0);
    await page.getByTestId("view-meters").click();
    await meterRow(1).click();
    await expect.poll(() => page.getByTestId("pay-form").isVisible()).toBe(true);
    expect(await horizontalOverflow()).toBeLessThanOrEqual(0);
  });
});
