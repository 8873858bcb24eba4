/** The street of the README's picture: three lines on a Tuesday morning, somebody without money, somebody without power, and a reply that gets lost. */
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { Instant, ShiftableClock } from "../../../src/kernel/clock.ts";
import type { Street } from "../../../simulator/street.ts";
import { addressOf, masterOf } from "./looked-at.ts";
import { raise, readRequest } from "./street.ts";

const perBus = { tower: [1, 2, 3, 4, 5], cellar: [6, 7, 8, 9, 10], yard: [11, 12, 13, 14] };
const balances = [
  "86.20",
  "41.75",
  "0.00",
  "112.40",
  "50.00",
  "23.15",
  "7.90",
  "64.05",
  "0.00",
  "150.00",
  "18.60",
  "33.33",
  "72.80",
  "9.45",
];
const items = ["00900200", "00010000", "04000503", "02030000"];

interface Story {
  readonly street: Street;
  readonly topUp: () => Promise<void>;
  readonly ask: () => void;
}

export async function raiseStory(): Promise<Story> {
  const clock = new ShiftableClock(Instant(Date.UTC(2026, 10, 24, 0, 29)));
  const street = await raise({
    clock,
    start: clock.now(),
    buses: [
      { id: "tower", endpoint: { kind: "tcp" } },
      { id: "cellar", endpoint: { kind: "tcp" }, baud: 9_600 },
      { id: "yard", endpoint: { kind: "tcp" }, baud: 2_400 },
    ],
    meters: Object.entries(perBus).flatMap(([bus, numbers]) =>
      numbers.map((n) => ({
        address: addressOf(n),
        bus,
        balance: balances[n - 1]!,
        ...(n === 3 ? ({ model: "remote-ledger", energyKwh: "4128.50" } as const) : {}),
        ...(n === 7 ? { alarm1: "10.00" } : {}),
      })),
    ),
    controlPort: 0,
  });
  street.patch(addressOf(12), { powered: false });
  street.patch(addressOf(14), { clockOffsetMs: -900_000 });
  street.setFault(addressOf(10), { kind: "slow-meter" });
  await masterOf(street, addressOf(4), "tower").order(0x1a);
  await masterOf(street, addressOf(4), "tower").order(0x1b);
  const ends = new Map(Object.keys(perBus).map((bus) => [bus, street.memoryEnd(bus)]));
  let round = 0;
  const ask = (): void => {
    for (const [bus, numbers] of Object.entries(perBus)) {
      const n = numbers[(round * 2) % numbers.length]!;
      ends.get(bus)!.send(readRequest(addressOf(n), items[round % items.length]!));
    }
    round += 1;
  };
  const topUp = async (): Promise<void> => {
    const address = addressOf(5);
    const master = masterOf(street, address, "tower");
    await master.authenticate(address);
    await master.topUp(address, { fen: 10_000, count: 1, customer: `00${address.slice(2)}` });
  };
  return { street, topUp, ask };
}

/** A top-up whose reply is lost, with questions passing on all the wires: up to the moment in which the picture is taken. */
export async function playStory(page: Page, { street, topUp, ask }: Story): Promise<void> {
  const frames = page.locator('[data-testid="frames"] > tr.frame');
  const chosen = page.locator(`[data-testid="meter"][data-address="${addressOf(5)}"]`).getByRole("button");
  await chosen.click();
  for (let round = 1; round <= 3; round += 1) {
    const before = await frames.count();
    ask();
    await expect.poll(() => frames.count()).toBeGreaterThanOrEqual(before + 5);
  }
  await page.getByTestId("find-fault").fill("lost-reply");
  await page.locator('.kind[data-kind="lost-reply"]').click();
  await page.locator("form.parameters [name=di]").fill("070102FF");
  await page.locator("form.parameters [name=times]").fill("2");
  await page.getByTestId("set-fault").click();
  await expect.poll(() => street.standingFaults().length).toBe(2);
  await page.getByTestId("find-fault").fill("");
  await chosen.focus();
  await page.mouse.move(0, 0);
  const before = await frames.count();
  ask();
  await expect.poll(() => frames.count(), { interval: 20 }).toBeGreaterThanOrEqual(before + 6);
  await topUp();
  await expect.poll(() => page.locator("tr.frame[data-fault]").count(), { interval: 20 }).toBe(1);
}
