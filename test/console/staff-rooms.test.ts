/** What staff look after beside the street, in a real browser against a gateway of cardboard: times in which nobody is cut. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { suiteNeeding } from "../support/servers.ts";
import { buildConsole } from "./build-console.ts";
import { launchBrowser, openDesk, type Look } from "./desk-in-browser.ts";
import { aMeter, anAccount, moment, startFakeGateway } from "./fake-gateway.ts";
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
  /** For whoever wants to see what it looks like. */
  const picture = async (name: string): Promise<void> => {
    const where = process.env["CONSOLE_PICTURES"];
    if (where !== undefined) await page.screenshot({ path: join(where, `${name}.png`) });
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
    await picture("no-cuts-form-en-1440");
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
    await picture("no-cuts-zh-390");
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
});
