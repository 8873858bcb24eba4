/** Many payments at once: each finds what it has to know on the connection it has, and none waits for another's. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";

/** Several times as many as the gateway has connections to its database. */
const PAYMENTS = 60;
const meters = Array.from({ length: PAYMENTS }, (_, n) => String(202611229001 + n));
let house: TestHouse;

beforeAll(async () => {
  house = await raiseTestHouse({ meters: meters.map((address) => ({ address, balance: "10.00", loadKw: 0 })) });
});
afterAll(() => house.close());

test("sixty customers who pay in the same moment are all answered with 202", async () => {
  const answers = await Promise.all(
    meters.map((meter) =>
      fetch(`${house.gateway.url}/v1/payments`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ account: accountOf(meter), amount: "1.00", channel: "rush", orderId: meter }),
      }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(meters.map(() => 202));
}, 60_000);
