/**
 * What staff look after beside the street, in a real browser against a gateway of cardboard: times in which nobody is cut, dark hours,
 * notices. CONSOLE_PICTURES=FOLDER: what each looks like.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { suiteNeeding } from "../support/servers.ts";
import { buildConsole } from "./build-console.ts";
import { launchBrowser, openDesk, type Look } from "./desk-in-browser.ts";
import { aMeter, anAccount, anException, moment, startFakeGateway } from "./fake-gateway.ts";
import type { FakeGateway } from "./fake-gateway.ts";

suiteNeeding(["chromium"], "the rooms of staff", () => {
  let folder: string;
  let gateway: FakeGateway;
  let browser: Browser;
  let context: BrowserContext | undefined;
  let page: Page;
  let complaints: string[] = [];

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
    gateway.addMeter(aMeter(1), anAccount(1));
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
  /** For whoever wants to see what it looks like: in both languages, on a desk and on a phone. */
  const pictures = async (name: string): Promise<void> => {
    const where = process.env["CONSOLE_PICTURES"];
    const before = page.viewportSize();
    if (where === undefined || before === null) return;
    for (const width of [1440, 1024, 390]) {
      await page.setViewportSize({ width, height: 900 });
      for (let turn = 0; turn < 2; turn += 1) {
        await page.getByTestId("language").evaluate((button: HTMLElement) => button.click());
        const language = await page.evaluate(() => document.documentElement.lang);
        await page.screenshot({ path: join(where, `${name}-${language}-${String(width)}.png`) });
      }
    }
    await page.setViewportSize(before);
  };
  const sidewaysOf = (testId: string): Promise<number> =>
    page.getByTestId(testId).evaluate((sheet) => sheet.scrollWidth - sheet.clientWidth);

  const aNoCut = (id: string, part: object = {}) => ({
    ...{ id, kind: "bad-weather", title: { en: "the weather is bad", zh: "恶劣天气" }, scope: "site" },
    ...{ from: moment(0), until: "2026-11-23T18:30:00+08:00", state: "standing", reason: "typhoon", saidBy: "anna" },
    ...{ endedAt: null, endedBy: null, endReason: null, ...part },
  });
  const sayNoCuts = (standing: readonly object[], coming: readonly object[], past: readonly object[]): void => {
    for (const [state, limit, items] of [
      ["standing", 100, standing],
      ["coming", 100, coming],
      ["past", 10, past],
    ] as const)
      gateway.answer(`/v1/no-cuts?state=${state}&limit=${String(limit)}`, { items, next: null, now: moment(5) });
  };

  test("bad weather is said with one press for how long and a reason, counted from the site's clock", async () => {
    await openPage();
    await page.getByTestId("cuts-button").click();
    const room = page.getByTestId("no-cuts");
    await expect.poll(() => room.innerText()).toContain("Nothing stands, nothing is coming.");
    await page.getByTestId("no-cut-open").click();
    await page.getByTestId("no-cut-reason").fill("typhoon");
    expect(await page.getByTestId("no-cut-say").isDisabled(), "every one has an end").toBe(true);
    await page.getByTestId("no-cut-hours-12").click();
    await pictures("no-cuts-form");
    gateway.declineNext({ code: "no-cut-span", title: "It has an end.", detail: null, next: "Say until when." });
    await page.getByTestId("no-cut-say").click();
    await expect.poll(() => room.getByTestId("problem-next").innerText()).toContain("Say until when.");
    expect(await page.getByTestId("no-cut-reason").inputValue(), "what was typed is kept").toBe("typhoon");
    sayNoCuts([aNoCut("n1")], [], []);
    await page.getByTestId("no-cut-say").click();
    await expect.poll(() => room.getByTestId("no-cut").innerText()).toMatch(/stands[\s\S]*whole site[\s\S]*typhoon[\s\S]*anna/);
    const body = { kind: "bad-weather", until: "2026-11-23T06:30:00+08:00", reason: "typhoon" };
    expect(gateway.asked.at(-1)).toMatchObject({ path: "/v1/no-cuts" });
    expect(gateway.asked.at(-1)?.body).toEqual(body);
    expect(await page.getByTestId("no-cut-form").count()).toBe(0);
  });

  test("an outage is said from when and for whom; what stands or comes is ended with a reason, also on a phone in Chinese", async () => {
    const outage = { kind: "maintenance", title: { en: "an outage is planned", zh: "计划停电检修期间" } };
    const ended = { state: "past", endedAt: moment(3), endedBy: "bo", endReason: "clear" };
    const coming = aNoCut("n2", { ...outage, scope: "feeder transformer-7", state: "coming", reason: "cable" });
    sayNoCuts([aNoCut("n1")], [coming], [aNoCut("n0", ended)]);
    await openPage({ width: 390, height: 844, locale: "zh-CN" });
    await page.getByTestId("cuts-button").click();
    const room = page.getByTestId("no-cuts");
    await expect.poll(() => room.innerText()).toMatch(/生效中[\s\S]*全站[\s\S]*未开始[\s\S]*馈线 transformer-7/);
    await room.getByTestId("no-cuts-past").locator("summary").click();
    await expect.poll(() => room.innerText()).toMatch(/bo 于 2026-11-22 18:30:03[\s\S]*提前结束:clear/);
    await page.getByTestId("no-cut-open").click();
    await page.getByTestId("no-cut-kind").selectOption("maintenance");
    await page.getByTestId("no-cut-scope").selectOption("bus");
    await page.getByTestId("no-cut-from").fill("2026-12-01T09:00");
    await page.getByTestId("no-cut-hours-6").click();
    await page.getByTestId("no-cut-reason").fill("pole");
    expect(await page.getByTestId("no-cut-say").isDisabled(), "of which line").toBe(true);
    await page.getByTestId("no-cut-name").fill("tcp-1");
    await pictures("no-cuts-outage");
    expect(await sidewaysOf("cuts")).toBe(0);
    await page.getByTestId("no-cut-say").click();
    const body = { kind: "maintenance", bus: "tcp-1", reason: "pole" };
    const span = { from: "2026-12-01T09:00:00+08:00", until: "2026-12-01T15:00:00+08:00" };
    await expect.poll(() => gateway.asked.at(-1)?.body).toEqual({ ...body, ...span });
    await room.getByTestId("no-cut-end").first().click();
    await page.getByTestId("no-cut-end-reason").fill("the sky is clear");
    sayNoCuts([], [coming], []);
    await page.getByTestId("no-cut-end-say").click();
    await expect.poll(() => room.getByTestId("no-cut").count()).toBe(1);
    expect(gateway.asked.at(-1)).toMatchObject({ path: "/v1/no-cuts/n1/end", body: { reason: "the sky is clear" } });
  });

  const anIncident = (id: string, part: object = {}) => ({
    ...{ id, title: { en: "Paid, and still without supply", zh: "已缴费未复电" }, also: ["cut-unnoticed"] },
    ...{ meter: "202611220001", account: "1000000001", bus: "tcp-1", model: "remote-ledger" },
    ...{ darkSince: moment(0), wishedAt: moment(60), level: 2, state: "open", restoredAt: null, minutes: null },
    reason: { code: "meter-silent", en: "the meter does not answer", zh: "电表无应答" },
    ...{ energyBefore: "127.11", energyAfter: null, exception: "e2", owner: "field-lead" },
    ...{ compensation: "yes", compensationNote: null, compensationBy: null },
    ...{ followUpAt: null, followedUpAt: null, followedUpBy: null, followUpNote: null },
    steps: [{ at: moment(60), what: "found", by: "gateway", note: null }],
    handOvers: [{ at: moment(90), what: "assigned", by: "anna", from: "field-desk", to: "field-lead", note: "far away" }],
    ...part,
  });
  const restored = anIncident("i2", {
    ...{ state: "restored", restoredAt: moment(120), minutes: 2, reason: null, exception: null, owner: null },
    followUpAt: "2026-12-06T18:32:00+08:00",
  });
  const sayIncidents = (open: readonly object[], ended: readonly object[]): void => {
    for (const [state, items] of [
      ["open", open],
      ["ended", ended],
    ] as const)
      gateway.answer(`/v1/recovery/incidents?state=${state}&limit=200`, { items, next: null });
    for (const one of [...open, ...ended] as { readonly id: string }[])
      gateway.answer(`/v1/recovery/incidents/${one.id}`, { ...one });
  };
  const expected = { en: "As soon as the meter is heard.", zh: "电表恢复应答后立即复电。" };

  test("who is in the dark is shown with owner, level and when supply may be expected, and leads to his item", async () => {
    gateway.addException(anException("e1"));
    gateway.addException(anException("e2", { title: { en: "Work order", zh: "复电失败工单" }, owner: "field-lead" }));
    gateway.addException(anException("e3"));
    sayIncidents([anIncident("i1")], [restored]);
    gateway.answer("/v1/accounts/1000000001/call", { expected: { at: moment(300), words: expected } });
    await openPage();
    await page.getByTestId("dark-hours-button").click();
    const room = page.getByTestId("dark-hours");
    await expect
      .poll(() => room.getByTestId("incident-row").innerText())
      .toMatch(
        /Paid, and still without supply\s+Flat 1 · 202611220001\s+dark since 11-22 18:30\s+Work order: with the field lead field-lead/,
      );
    await expect.poll(() => room.getByTestId("incident-expected").innerText()).toMatch(/As soon as .* \(2026-11-22 18:35:00/);
    await expect
      .poll(() => room.getByTestId("incident").innerText())
      .toMatch(/without the notice[\s\S]*the meter does not answer[\s\S]*field-lead[\s\S]*with the field lead/);
    expect(await room.getByTestId("incident-history").innerText()).toMatch(
      /found · gateway[\s\S]*handed over · field-desk → field-lead · anna · far away/,
    );
    expect(await page.getByTestId("incident-follow-up").count(), "nobody is asked while he sits in the dark").toBe(0);
    await pictures("dark-hours");
    await page.getByTestId("incident-item").click();
    await expect.poll(() => page.getByTestId("exception").innerText()).toContain("Work order");
    expect(await room.isVisible()).toBe(false);
  });

  test("whose supply is back is compensated and asked, each with a note, also on a phone in Chinese", async () => {
    sayIncidents([], [restored]);
    await openPage({ width: 390, height: 844, locale: "zh-CN" });
    await page.getByTestId("dark-hours-button").click();
    const room = page.getByTestId("dark-hours");
    await expect.poll(() => room.innerText()).toContain("当前没有不应停电的用户");
    await room.getByRole("button", { name: "已结束 1" }).click();
    await expect.poll(() => room.getByTestId("incident-row").innerText()).toMatch(/补偿: 应补偿 · 应于 12-06 18:32 前回访/);
    await expect.poll(() => room.getByTestId("incident").innerText()).toMatch(/停电2分钟/);
    expect(await room.getByTestId("incident-expected").count(), "it is back").toBe(0);
    expect(await page.getByTestId("incident-compensate").isDisabled()).toBe(true);
    await page.getByTestId("incident-note").fill("twenty yuan, by telephone");
    gateway.declineNext({ code: "not-permitted", title: "This key may not.", detail: "needs desk", next: "Ask somebody." });
    await page.getByTestId("incident-compensate").click();
    await expect.poll(() => room.getByTestId("problem").getAttribute("data-code")).toBe("not-permitted");
    await pictures("dark-hours-ended");
    expect(await sidewaysOf("dark-hours")).toBe(0);
    await page.getByTestId("incident-compensate").click();
    await expect
      .poll(() => gateway.asked.at(-1))
      .toMatchObject({
        path: "/v1/recovery/incidents/i2/compensation",
        body: { mark: "paid", note: "twenty yuan, by telephone" },
      });
    await expect.poll(() => page.getByTestId("incident-note").inputValue()).toBe("");
    await page.getByTestId("incident-note").fill("all is well again");
    const followed = { followedUpAt: moment(200), followedUpBy: "anna", followUpNote: "all is well again" };
    sayIncidents([], [{ ...restored, ...followed }]);
    await page.getByTestId("incident-follow-up").click();
    await expect.poll(() => room.getByTestId("incident").innerText()).toMatch(/2026-11-22 18:33:20 \+08:00,anna:all is well/);
    expect(gateway.asked.at(-1)).toMatchObject({
      path: "/v1/recovery/incidents/i2/follow-up",
      body: { note: "all is well again" },
    });
    expect(await page.getByTestId("incident-follow-up").count(), "he is asked once").toBe(0);
  });

  const aNotice = (id: string, part: object = {}) => ({
    ...{ id, account: "1000000001", title: { en: "final notice before a cut", zh: "停电通知" }, at: moment(0) },
    ...{ balance: "-5.00", state: "failed", because: { code: "unreachable", en: "no channel", zh: "无可用联系方式" } },
    ...{ delivered: null, channel: null, reach: { phone: "138****0000" }, tries: 1, nextAt: null, notAfter: moment(900) },
    said: { language: "zh", subject: "欠费停电通知", text: "Flat 1:余额-5.00" },
    attempts: [{ number: 1, at: moment(30), channel: "sms", outcome: "never", words: "no such number" }],
    ...part,
  });
  const sayNotices = (path: string, items: readonly object[]): void => {
    gateway.answer(path, { items, next: null });
    for (const one of items as { readonly id: string }[]) gateway.answer(`/v1/notices/${one.id}`, { ...one });
  };

  test("what reached nobody is shown with its words and tries, and stays in sight when it is tried again", async () => {
    sayNotices("/v1/notices?limit=200&state=failed", [aNotice("m1"), aNotice("m2", { account: "1000000009" })]);
    sayNotices("/v1/notices?limit=200&state=delivered", []);
    await openPage();
    await page.getByTestId("notices-button").click();
    const room = page.getByTestId("notices");
    await expect.poll(() => room.getByTestId("notice-row").count()).toBe(2);
    expect(await room.getByTestId("notice-row").first().innerText()).toMatch(
      /final notice[\s\S]*1000000001 · Flat 1[\s\S]*Not delivered/,
    );
    await expect.poll(() => room.getByTestId("notice").innerText()).toMatch(/no channel[\s\S]*-5\.00 yuan[\s\S]*138\*\*\*\*0000/);
    expect(await room.getByTestId("notice-tries").innerText()).toMatch(
      /1 · 2026-11-22 18:30:30[\s\S]*sms\s+refused for good no such number/,
    );
    await pictures("notices");
    gateway.declineNext({ code: "notice-ended", title: "It was delivered.", detail: null, next: "Nothing." });
    await page.getByTestId("notice-retry").click();
    await expect.poll(() => room.getByTestId("problem").getAttribute("data-code")).toBe("notice-ended");
    sayNotices("/v1/notices?limit=200&state=failed", [aNotice("m2", { account: "1000000009" })]);
    const tried = aNotice("m1", { state: "delivered", because: null, delivered: moment(60), channel: "mail" });
    gateway.answer("/v1/notices/m1", tried);
    await page.getByTestId("notice-retry").click();
    await expect.poll(() => room.getByTestId("notice").innerText()).toMatch(/Delivered\s+2026-11-22 18:31:00 \+08:00 · mail/);
    expect(gateway.asked.at(-1)).toMatchObject({ path: "/v1/notices/m1/retry" });
    expect(await page.getByTestId("notice-retry").count(), "what arrived is not sent twice").toBe(0);
    await expect.poll(() => room.getByTestId("notice-row").count()).toBe(1);
    await page.getByTestId("notices-delivered").click();
    await expect.poll(() => room.innerText()).toContain("No such notice.");
  });

  test("one customer's notices are asked for by his account, also on a phone in Chinese", async () => {
    sayNotices("/v1/notices?limit=200&state=failed", [aNotice("m2", { account: "1000000009" })]);
    sayNotices("/v1/accounts/1000000001/notices?limit=200", [aNotice("m1", { state: "waiting", because: null, attempts: [] })]);
    await openPage({ width: 390, height: 844, locale: "zh-CN" });
    await page.getByTestId("notices-button").click();
    const room = page.getByTestId("notices");
    await expect.poll(() => room.getByTestId("notice-row").innerText()).toContain("1000000009");
    await page.getByTestId("notices-all").click();
    await page.getByTestId("notices-account").fill("1000000001");
    await page.keyboard.press("Enter");
    await expect
      .poll(() => room.getByTestId("notice-row").allInnerTexts())
      .toEqual([expect.stringMatching(/停电通知[\s\S]*待发送/)]);
    await expect.poll(() => room.getByTestId("notice").innerText()).toMatch(/欠费停电通知[\s\S]*尚未发送/);
    await pictures("notices-of-one");
    expect(await sidewaysOf("notices")).toBe(0);
  });
});
