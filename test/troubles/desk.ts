/**
 * What all these journeys ask and count. Payments go through the door as a counter would send them: the same order id again until
 * somebody says yes or no. What became of them is counted on the street's own door, never in our books.
 */
import { expect } from "vitest";
import type { Thing } from "../../src/demo/desk.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { accountOf, type TestHouse } from "../support/test-house.ts";

export const SOON_MS = 40_000;
/** A machine with much to do takes its time over many payments. */
const TAKEN_MS_MAX = 120_000;

/** Sooner than we are asked to, later than a loop would. */
const COME_AGAIN_MS = 200;

export interface Answer {
  readonly status: number;
  readonly json: Thing;
  readonly retryAfter: string | null;
}

export const addresses = (block: number, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => String(202611260000 + block * 1_000 + index + 1));

/** One attempt, whatever comes of it. */
export async function payOnce(url: string, address: string, orderId: string, amount = "100.00"): Promise<Answer> {
  const response = await fetch(`${url}/v1/payments`, {
    method: "POST",
    signal: AbortSignal.timeout(SOON_MS),
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ account: accountOf(address), amount, channel: "bank", orderId }),
  });
  const { status, headers } = response;
  return { status, json: (await response.json()) as Thing, retryAfter: headers.get("retry-after") };
}

/** As a counter does it: again, with the same order id, until it is taken. Answers the command's id. */
export async function payUntilTaken(house: TestHouse, address: string, orderId: string): Promise<string> {
  return until(
    `the payment ${orderId} to be taken`,
    async () => {
      const { status, json } = await payOnce(house.gateway.url, address, orderId);
      if (status === 202) return String((json["command"] as Thing)["id"]);
      expect({ status, code: json["code"] }).toEqual({ status: 503, code: json["code"] });
      await systemClock.wait(COME_AGAIN_MS);
      return null;
    },
    TAKEN_MS_MAX,
  );
}

export async function until<T>(what: string, look: () => Promise<T | null> | T | null, limitMs = SOON_MS): Promise<T> {
  const last = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (performance.now() > last) throw new Error(`waited ${limitMs / 1_000} s in vain for: ${what}`);
    await systemClock.wait(20);
  }
}

export const partsOf = async (url: string): Promise<readonly Thing[]> => {
  const answer = (await (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(SOON_MS) })).json()) as Thing;
  return answer["parts"] as readonly Thing[];
};

export async function partTold(url: string, name: RegExp): Promise<Thing> {
  const found = (await partsOf(url)).find((part) => name.test(String(part["name"])));
  if (found === undefined) throw new Error(`no part is called ${String(name)}`);
  return found;
}

export const isReady = async (url: string): Promise<true | null> =>
  (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(SOON_MS) })).ok ? true : null;

/** Every command of these has ended confirmed. */
export async function allConfirmed(house: TestHouse, count: number, limitMs = SOON_MS): Promise<void> {
  await until(
    `${count} commands confirmed`,
    async () => {
      const [confirmed, disputed] = await Promise.all(
        ["confirmed", "disputed"].map(async (state) => (await house.desk.commands(`kind=top-up&state=${state}`)).length),
      );
      expect(disputed).toBe(0);
      if (confirmed! >= count) return true;
      await systemClock.wait(COME_AGAIN_MS); // these are long lists
      return null;
    },
    limitMs,
  );
}

/** The street's own count: each of these meters has obeyed as many top-ups as were paid for, and holds their money. */
export function creditedOnce(house: TestHouse, meters: readonly string[], times = 1): void {
  const wrong = meters
    .map((address) => house.street.snapshot(address))
    .filter(
      ({ obeyed, purchaseCount, balance }) =>
        obeyed.topUps !== times || purchaseCount !== times || balance !== balanceAfter(times),
    )
    .map(({ address, obeyed, purchaseCount, balance }) => ({ address, topUps: obeyed.topUps, purchaseCount, balance }));
  expect(wrong).toEqual([]);
}

const balanceAfter = (times: number): string => `${10 + 100 * times}.00`;
