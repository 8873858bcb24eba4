/** A real browser with the console open in it, and whatever the page complained of. */
import { chromium } from "playwright-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { chromiumPath } from "../support/servers.ts";

const chromiumArguments = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export async function launchBrowser(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === null) throw new Error("no chromium");
  // Launched like this it gets an empty profile folder of its own, and each context keeps its storage to itself.
  return chromium.launch({ executablePath, args: chromiumArguments });
}

export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly locale?: string;
  readonly colorScheme?: "light" | "dark";
  /** Somebody has to sign in first. */
  readonly isShut?: boolean;
}

export async function openDesk(
  browser: Browser,
  url: string,
  { width = 1440, height = 900, locale = "en-US", colorScheme = "light", isShut = false }: Look = {},
): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width, height }, locale, colorScheme });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    // The browser itself notes each answer that is not 2xx; the content security policy would complain here as well.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) complaints.push(message.text());
  });
  await page.goto(url);
  await page
    .getByTestId(isShut ? "sign-in" : "meter-row")
    .first()
    .waitFor();
  return { context, page, complaints };
}
