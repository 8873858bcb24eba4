/**
 * The street page in a real browser, on a real street behind a real control door: what a master says on the wires is seen, and
 * what is broken by clicking is broken for the master.
 *
 * With STREET_PICTURE=docs/street.png the picture of the README is taken of a street of its own.
 */
import { writeFileSync } from "node:fs";
import { chromium } from "playwright-core";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Street } from "../../simulator/street.ts";
import { chromiumPath, suiteNeeding } from "../support/servers.ts";
import { lookForBarriers } from "./support/barriers.ts";
import { addressOf, masterOf, sixMeters } from "./support/looked-at.ts";
import { Master } from "./support/master.ts";
import { withPalette } from "./support/palette.ts";
import { playStory, raiseStory } from "./support/street-story.ts";
import { raise, readRequest, tcpClient } from "./support/street.ts";

const A = addressOf(1);
const B = addressOf(2);
const chromiumArguments = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];

suiteNeeding(["chromium"], "the street page", () => {
  let browser: Browser;
  let context: BrowserContext | undefined;
  let page: Page;
  let complaints: string[] = [];

  beforeAll(async () => {
    const executablePath = chromiumPath();
    if (executablePath === null) throw new Error("no chromium");
    browser = await chromium.launch({ executablePath, args: chromiumArguments });
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    await context?.close();
    context = undefined;
    expect(complaints).toEqual([]);
  });

  interface Look {
    readonly width?: number;
    readonly height?: number;
    readonly locale?: string;
    readonly colorScheme?: "light" | "dark";
    readonly scale?: number;
  }
  const open = async (
    street: Street,
    { width = 1440, height = 900, locale = "en-US", colorScheme = "light", scale = 1 }: Look = {},
  ): Promise<void> => {
    context = await browser.newContext({ viewport: { width, height }, locale, colorScheme, deviceScaleFactor: scale });
    page = await context.newPage();
    complaints = [];
    const url = `http://127.0.0.1:${street.controlPort!}/`;
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type()) && !message.text().startsWith("Failed to load resource"))
        complaints.push(message.text());
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(url)) complaints.push(`asked elsewhere: ${request.url()}`);
    });
    await page.goto(url);
    await meter(A).waitFor();
  };
  const meter = (address: string): Locator => page.locator(`[data-testid="meter"][data-address="${address}"]`);
  const choose = async (address: string): Promise<void> => {
    await meter(address).getByRole("button").click();
    await page.locator(`[data-testid="panel"][data-address="${address}"]`).waitFor();
  };
  const frames = (selector = ""): Locator => page.locator(`[data-testid="frames"] > tr.frame${selector}`);
  const openKind = async (kind: string): Promise<Locator> => {
    await page.getByTestId("find-fault").fill(kind);
    await page.locator(`.kind[data-kind="${kind}"]`).click();
    return page.locator("form.parameters");
  };

  test("a reply lost by clicking is lost for the master, seen on the page, and used up", async () => {
    const street = await sixMeters();
    const master = masterOf(street, B);
    await open(street);
    await choose(B);
    const form = await openKind("lost-reply");
    await form.locator("[name=di]").fill("070102FF");
    await form.getByTestId("set-fault").click();
    const standing = page.getByTestId("panel").getByTestId("standing").locator("li");
    await expect.poll(() => standing.allInnerTexts()).toMatchObject([expect.stringMatching(/lost-reply\s+1 left · di 070102FF/)]);
    await expect
      .poll(() => meter(B).getByRole("button").getAttribute("aria-label"))
      .toBe(`${B}, connected, 50.00 yuan, lost-reply`);

    expect((await master.authenticate(B))?.control, "the fault is aimed at the top-up alone").toBe(0x83);
    expect(await master.topUp(B, { fen: 10_000, count: 1, customer: `00${B.slice(2)}` })).toBeUndefined();

    const struck = frames('[data-fault="lost-reply"]');
    await struck.waitFor();
    expect(await struck.innerText()).toMatch(
      /request\s+cellar\s+202611220002\s+security 070102FF top-up: 100\.00 yuan, count 1[\s\S]*lost-reply/,
    );
    await expect.poll(() => standing.count()).toBe(0);
    await expect.poll(() => page.getByTestId("panel-window").innerText(), { message: "the meter obeyed" }).toBe("150.00");
    expect(await page.locator('[data-testid="bus"][data-bus="cellar"]').getAttribute("data-passed")).toBe("3");
    expect(await page.locator('[data-testid="bus"][data-bus="tower"]').getAttribute("data-passed")).toBe("0");
    expect(street.snapshot(B).obeyed.topUps).toBe(1);
  });

  test("a meter is disconnected and armed on the wires, and its button is pressed on the page", async () => {
    const street = await sixMeters();
    const client = await tcpClient(Number(street.endpoints.find(({ bus }) => bus === "tower")?.at));
    const say = new Master(async (bytes) => {
      const from = client.replies.length;
      const start = client.bytes.length;
      client.socket.write(bytes);
      await client.reply(from + 1);
      return Buffer.from(client.bytes.subarray(start));
    }, A);
    await open(street);
    await choose(A);
    await page.getByTestId("press-button").click();
    await page.getByText("Nothing happened: only an armed relay heeds the button.").waitFor();
    await say.order(0x1a);
    await expect.poll(() => page.getByTestId("panel-relay").innerText()).toBe("disconnected");
    await say.order(0x1b);
    await expect.poll(() => page.getByTestId("panel-relay").innerText()).toBe("armed");
    await expect.poll(() => page.getByRole("button", { name: "Armed 1" }).count()).toBe(1);
    await page.getByTestId("press-button").click();
    await page.getByText("The supply is back.").waitFor();
    await expect.poll(() => meter(A).getAttribute("data-relay")).toBe("connected");
    expect(street.snapshot(A).relay).toBe("connected");
    expect(await frames().first().innerText()).toContain("relay order");
  });

  test("a meter is changed by hand, and what the door refuses is said beside the field", async () => {
    const street = await sixMeters();
    await open(street);
    await choose(A);
    const change = (field: string): Locator => page.getByTestId(`change-${field}`);
    await change("balance").getByRole("textbox").fill("0.30");
    await change("balance").getByRole("textbox").press("Enter");
    await expect.poll(() => page.getByTestId("panel-window").innerText()).toBe("0.30");
    await change("loadKw").getByRole("textbox").fill("2.5");
    await change("loadKw").getByRole("button").click();
    await expect.poll(() => street.snapshot(A).loadKw).toBe(2.5);
    await change("clockOffsetMs").getByRole("textbox").fill("-900");
    await change("clockOffsetMs").getByRole("button").click();
    await expect.poll(() => meter(A).innerText()).toContain("clock −15 min");

    await change("balance").getByRole("textbox").fill("much");
    await change("balance").getByRole("button").click();
    await expect.poll(() => page.getByRole("alert").innerText()).toBe('balance: yuan with at most two decimals, like "50.00"');
    expect(await change("balance").getByRole("textbox").getAttribute("aria-invalid")).toBe("true");

    const form = await openKind("late-reply");
    await form.locator("[name=delayMs]").fill("soon");
    await form.getByTestId("set-fault").click();
    await expect.poll(() => page.getByTestId("break").getByRole("alert").innerText()).toMatch(/^delayMs: /);
    expect(street.standingFaults()).toEqual([]);

    await page.getByTestId("power").click();
    await expect.poll(() => meter(A).innerText()).toContain("no power");
    await page.getByTestId("power").click();
    await expect.poll(() => street.snapshot(A).powered).toBe(true);
  });

  test("only what may stand at a place is offered there, and what stands is mended there or all at once", async () => {
    const street = await sixMeters();
    await open(street);
    const kinds = (): Promise<(string | null)[]> =>
      page.locator(".kind").evaluateAll((all) => all.map((each) => each.getAttribute("data-kind")));
    await choose(A);
    expect(await kinds()).toContain("welded-relay");
    expect(await kinds()).not.toContain("bus-short");
    await page.getByTestId("quick-silence").click();
    await page.locator('[data-testid="bus"][data-bus="cellar"]').getByRole("button").click();
    await page.locator('[data-testid="panel"][data-bus="cellar"]').waitFor();
    expect(await kinds()).toEqual(expect.arrayContaining(["bus-short", "bit-errors", "lost-reply"]));
    expect(await kinds(), "for meters, and for lines that this one is not").not.toEqual(expect.arrayContaining(["welded-relay"]));
    expect(await kinds()).not.toContain("hang-up");
    const form = await openKind("bit-errors");
    await form.locator("[name=rate]").fill("0.01");
    await form.locator("[name=direction]").selectOption("to-meter");
    await form.getByTestId("set-fault").click();
    await expect
      .poll(() => street.standingFaults())
      .toMatchObject([
        { meter: A, kind: "silence" },
        { bus: "cellar", kind: "bit-errors", rate: 0.01, direction: "to-meter" },
      ]);

    await page.getByRole("button", { name: "Mend bit-errors", exact: true }).click();
    await expect.poll(() => street.standingFaults().length).toBe(1);
    await page.getByTestId("mend-all").click();
    await expect.poll(() => street.standingFaults()).toEqual([]);
    await page.getByText("Nothing is broken.").waitFor();
  });

  test("the street's clock is paused, quickened and moved ahead, and the weather made", async () => {
    const street = await sixMeters();
    await open(street);
    await page.getByTestId("pause").click();
    await expect.poll(() => street.time.speed).toBe(0);
    const before = street.time.now();
    await page.getByTestId("jump-hour").click();
    await expect.poll(() => street.time.now() - before).toBe(3_600_000);
    const shown = new Date(street.time.now() + 8 * 3_600_000).toISOString().slice(11, 19);
    await expect.poll(() => page.getByTestId("clock").innerText()).toBe(shown);
    await page.getByTestId("jump-midnight").click();
    await expect.poll(() => page.getByTestId("clock").innerText()).toBe("00:00:00");
    await page.getByTestId("speed").selectOption("600");
    await expect.poll(() => street.time.speed).toBe(600);
    await page.getByTestId("weather").selectOption("60");
    await expect.poll(() => street.weather.view).toMatchObject({ faultsPerHour: 60 });
  });

  test("frames are held, narrowed to the chosen meter, taken apart and copied", async () => {
    const street = await sixMeters();
    await open(street);
    await context!.grantPermissions(["clipboard-read", "clipboard-write"]);
    const masters = [masterOf(street, B), masterOf(street, addressOf(4))] as const;
    await masters[0].read("00900200");
    await masters[1].read("00010000");
    await expect.poll(() => frames().count()).toBe(4);
    await choose(B);
    await page.getByTestId("frames-of-choice").click();
    await expect.poll(() => frames().evaluateAll((all) => all.map((row) => row.getAttribute("data-meter")))).toEqual([B, B]);

    await frames('[data-direction="request"]').getByRole("button", { expanded: false }).click();
    const apart = page.locator("tr.apart");
    await apart.getByRole("columnheader", { name: "data item" }).waitFor();
    expect(await apart.getByRole("row", { name: "On the wire" }).innerText()).toContain("33 35 C3 33");
    expect(await apart.getByRole("row", { name: "Less 33H" }).innerText()).toContain("00 02 90 00");
    expect(await apart.getByRole("row", { name: "Read" }).innerText()).toMatch(/202611220002[\s\S]*00900200/);
    await frames('[data-direction="request"]').getByRole("button", { name: "Copy the bytes" }).click();
    await page.getByText("Copied.").waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^680200\w+16$/);
    await frames('[data-direction="request"]').locator(".hx-item").hover();
    await expect.poll(() => page.getByRole("tooltip").innerText()).toMatch(/data item\s+Less 33H 00 02 90 00\s+Read 00900200/);

    await page.getByTestId("pause-frames").click();
    await masters[0].read("00010000");
    await page.getByRole("button", { name: "Go on · 2 waiting" }).click();
    await expect.poll(() => frames().count()).toBe(4);
  });

  test("a reply of twenty bytes can be read whole at 1360 pixels, and what is cut of its meaning is its title", async () => {
    const street = await sixMeters();
    await open(street, { width: 1360, height: 940 });
    await masterOf(street, B).read("00900200");
    street.setFault(B, { kind: "refused-though-partly-done" });
    await masterOf(street, B).say(0x14, Buffer.from("01100004020000000100000000500000", "hex"));
    await expect.poll(() => frames().count()).toBe(4);
    const widths = await frames().evaluateAll((rows) =>
      rows.map((row) => {
        const cell = row.querySelector(".bytes")!;
        const code = cell.querySelector("code")!;
        const spare = cell.getBoundingClientRect().right - code.getBoundingClientRect().right;
        return { bytes: code.textContent.length, spare: Math.floor(spare) };
      }),
    );
    expect(widths.at(-2)!.bytes, "twenty bytes in nine fields").toBe(51);
    // The last sixteen pixels fade out.
    expect(widths.at(-2)!.spare).toBeGreaterThanOrEqual(16);
    expect(await frames('[data-direction="request"]').first().locator(".meaning").getAttribute("title")).toContain(
      "write 04001001 alarm amount 1: 50.00 yuan, level 02, password ••••••",
    );
  });

  test("what is no frame is there too: what was sent, what came out of the wires, and why", async () => {
    const street = await sixMeters();
    await open(street);
    const end = street.memoryEnd("cellar");
    end.send(Uint8Array.from([0x01, 0x02, 0x03]));
    await expect.poll(() => frames('[data-what="noise"]').count()).toBe(1);
    expect(await frames().first().innerText()).toMatch(/request\s+cellar\s+3 bytes that are no frame\s+01 02 03/);
    await frames().first().locator(".hx-noise").hover();
    await expect.poll(() => page.getByRole("tooltip").innerText()).toBe("no frame");
    street.setBusFault("cellar", { kind: "half-open" });
    end.send(readRequest(B, "00900200"));
    await frames('[data-fault="half-open"]').waitFor();
    expect(await frames().first().innerText()).toContain("sent, and nothing of it was left");
    street.clearBusFaults("cellar");
    street.setBusFault("cellar", { kind: "baud-mismatch", direction: "from-meter" });
    end.send(readRequest(B, "00900200"));
    await frames('[data-fault="baud-mismatch"][data-direction="reply"]').waitFor();
    expect(await frames().first().innerText()).toMatch(/reply\s+cellar\s+202611220002\s+came out of the wires: \d+ bytes/);
  });

  test.each([
    [undefined, "••"],
    [true, "89 67 45"],
  ] as const)(
    "a password is dots in the bytes as it is in the words, unless the street is unmasked: %s",
    async (unmasked, shown) => {
      const street = await sixMeters({ unmasked });
      await open(street);
      await masterOf(street, B).say(0x1c, Buffer.from("0256341200000000001a00595923221299", "hex").subarray(0, 16));
      await expect.poll(() => frames().count()).toBe(2);
      await frames().last().getByRole("button", { expanded: false }).click();
      const apart = page.locator("tr.apart");
      await apart.getByRole("columnheader", { name: "password" }).waitFor();
      expect(await apart.innerText()).toContain(shown);
      expect((await apart.innerText()).includes("89 67 45")).toBe(unmasked === true);
      const seen = JSON.stringify(await (await fetch(`http://127.0.0.1:${street.controlPort!}/frames`)).json());
      expect(seen.includes("896745")).toBe(unmasked === true);
    },
  );

  test("it speaks the browser's language first, the chosen one from then on", async () => {
    const street = await sixMeters();
    await open(street, { locale: "zh-CN" });
    expect(await page.locator("html").getAttribute("lang")).toBe("zh-CN");
    await choose(B);
    await page.getByTestId("quick-lost-reply").click();
    await page.getByText("已注入：lost-reply。").waitFor();
    await masterOf(street, B).say(0x11, Buffer.from("00029000", "hex"));
    await expect.poll(() => frames().first().innerText()).toContain("读数据 00900200 剩余金额");
    await page.getByTestId("language").click();
    expect(await page.locator("html").getAttribute("lang")).toBe("en");
    await page.getByRole("heading", { name: "The street" }).waitFor();
    expect(await frames().first().innerText(), "what has passed is told anew").toContain("read 00900200 balance");
    await page.reload();
    await meter(A).waitFor();
    await expect.poll(() => page.locator("html").getAttribute("lang")).toBe("en");
  });

  test("the keyboard alone is enough: to a meter, to the next, to its fault", async () => {
    const street = await sixMeters();
    await open(street);
    await meter(A).getByRole("button").focus();
    await page.keyboard.press("ArrowRight");
    await page.locator(`[data-testid="panel"][data-address="${addressOf(3)}"]`).waitFor();
    expect(await page.evaluate(() => document.activeElement?.closest("[data-address]")?.getAttribute("data-address"))).toBe(
      addressOf(3),
    );
    await page.getByTestId("quick-bad-checksum").focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => street.standingFaults()).toMatchObject([{ meter: addressOf(3), kind: "bad-checksum" }]);
  });

  test("a thousand meters are found, filtered and walked, and only those in sight are there", async () => {
    const street = await raise({
      buses: ["north", "south"].map((id) => ({ id, endpoint: { kind: "memory" } })),
      meters: Array.from({ length: 1_000 }, (_, n) => ({
        address: addressOf(n + 1),
        bus: n < 500 ? "north" : "south",
        loadKw: 0,
      })),
      controlPort: 0,
    });
    street.setFault(addressOf(777), { kind: "silence" });
    await open(street);
    await page.getByRole("button", { name: "All 1000" }).waitFor();
    const there = (): Promise<number> => page.getByTestId("meter").count();
    expect(await there()).toBeLessThan(60);
    await choose(A);
    await page.keyboard.press("End");
    await meter(addressOf(1_000)).waitFor();
    expect(await there()).toBeLessThan(60);
    await page.getByRole("button", { name: "With a fault 1" }).click();
    await expect.poll(there).toBe(1);
    await meter(addressOf(777)).waitFor();
    await page.getByRole("button", { name: "All 1000" }).click();
    await page.getByRole("searchbox", { name: "Find a meter" }).fill("220123");
    await expect.poll(there).toBe(1);
    street.patch(addressOf(123), { balance: "7.77" });
    await expect.poll(() => meter(addressOf(123)).innerText(), { message: "its turn comes", timeout: 5_000 }).toContain("7.77");
  });

  test.each(["light", "dark"] as const)("everything has a name, a place and enough contrast, %s", async (colorScheme) => {
    const street = await sixMeters();
    street.patch(addressOf(3), { balance: "0.00" });
    street.patch(addressOf(5), { powered: false, clockOffsetMs: 60_000 });
    street.setFault(A, { kind: "lost-reply" });
    await masterOf(street, B).read("00900200");
    await open(street, { colorScheme });
    await choose(B);
    await openKind("late-reply");
    await frames().first().waitFor();
    const { nameless, faint, landmarks } = await page.evaluate(lookForBarriers);
    expect(nameless).toEqual([]);
    expect(faint).toEqual([]);
    expect(landmarks).toEqual({ h1: 1, main: 1, header: 1, aside: 1 });
  });

  test("it fits a narrow window without scrolling sideways", async () => {
    await open(await sixMeters(), { width: 390, height: 800 });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });

  test("a door that goes away is said so, and the street is there again when it is back", async () => {
    const street = await sixMeters();
    const port = street.controlPort!;
    await open(street);
    await street.close();
    await page.locator('[data-testid="line"][data-line="lost"]').waitFor();
    const again = await sixMeters({
      controlPort: port,
      meters: [A, B].map((address) => ({ address, bus: "cellar", loadKw: 0 })),
    });
    await page.locator('[data-testid="line"][data-line="live"]').waitFor();
    await expect.poll(() => page.getByTestId("meter").count(), { timeout: 10_000 }).toBe(again.meters.size);
  });

  const picture = process.env["STREET_PICTURE"];
  if (picture !== undefined)
    test("the picture of the README is taken", async () => {
      const story = await raiseStory();
      await open(story.street, { width: 1360, height: 940, scale: 2 });
      await playStory(page, story);
      writeFileSync(picture, withPalette(await page.screenshot()));
    });
});
