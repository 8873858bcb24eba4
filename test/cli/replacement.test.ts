/** `meterctl replace` and `replacement`: what it waits for stands there in words, and what to do about it. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { meterctl, type Said } from "./terminal.ts";

const OLD = "202611220091";
const NEW = "202611220092";

let house: TestHouse;
beforeAll(async () => {
  house = await raiseTestHouse({
    replyDeadlineMs: 120,
    meters: [{ address: OLD }, { address: NEW }],
    site: { meters: [{ address: OLD, bus: "tcp-1", model: "standard-wallet", account: accountOf(OLD) }] },
  });
  house.street.setFault(OLD, { kind: "silence", times: 1_000_000 });
});
afterAll(() => house.close());

const call = (...args: string[]): Promise<Said> => meterctl(args, { GATEWAY_URL: house.gateway.url });

test("an old meter that is silent: the words say how to give its last readings; abandoned once, and not twice", async () => {
  const begun = await call("replace", OLD, NEW, "--bus", "tcp-1", "--model", "standard-wallet", "--reason", "worn out");
  expect(begun).toMatchObject({ code: 0, error: "" });
  const id = /^replacement (\S+)/.exec(begun.out)![1]!;
  const waiting = await vi.waitFor(
    async () => {
      const said = await call("replacement", id);
      expect(said.out).toContain("waits for final-readings");
      return said;
    },
    { timeout: 30_000, interval: 200 },
  );
  expect(waiting.out.split("\n")).toEqual([
    expect.stringContaining(`${OLD} → ${NEW}  begun`),
    expect.stringMatching(/^ {2}The old meter does not answer\. .*--final-reading/),
    expect.stringMatching(/^ {2}旧表无应答/),
  ]);
  expect(await call("replacement", id, "--abandon", "--carry-over")).toMatchObject({ code: 2 });
  const inVain = await call("replacement", id, "--carry-over");
  expect(inVain.code).toBe(1);
  expect(inVain.error).toContain("replacement-conflict");
  const abandoned = await call("replacement", id, "--abandon");
  expect(abandoned).toMatchObject({ code: 0 });
  expect(abandoned.out).toMatch(/abandoned {2}waits for – {2}carried –$/);
  expect(await call("replacement", id, "--abandon")).toMatchObject({ code: 1 });
});
