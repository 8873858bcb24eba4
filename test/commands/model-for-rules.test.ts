/** Nobody gets a meter that the rules can cut and not restore: not from the site file, nor at the door, nor as the next meter of an account. */
import { expect, test } from "vitest";
import type { MeterStore } from "../../src/commands/command-store.ts";
import { NewMeters, type NewMeterStore } from "../../src/commands/new-meters.ts";
import { ReplacementService, type ReplacementServiceParts } from "../../src/commands/replacement/replacement-service.ts";
import { cannotDo } from "../../src/devices/model-for-rules.ts";
import type { ModelName } from "../../src/devices/meter.ts";
import { asksOf } from "../../src/house/strategies.ts";
import { Instant, type Clock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress } from "../../src/kernel/ids.ts";
import type { Transaction } from "../../src/kernel/transaction.ts";
import { Strategies } from "../../src/policy/strategies.ts";

const [known, own] = [AccountId("known"), AccountId("own")];
const A = MeterAddress("202611220001");
const strategies = new Strategies({
  timeZone: "UTC",
  site: { restoreBy: "arm" },
  classes: new Map([["works", { restoreBy: "reconnect" }]]),
  accounts: new Map([[own, { policy: { restoreBy: "reconnect" }, hasContact: false }]]),
});
const asks = asksOf(strategies);
const tx = {} as Transaction;
const setting = { name: "", class: "residential", mode: "remote", tariff: "flat" } as const;
const ofModel = (model: ModelName, account: AccountId | null) => ({
  ...{ address: A, meterNumber: A, customerNumber: A, account, bus: BusId("b"), model },
});

test("a model is asked for what the rules order of it, and only where they order", () => {
  const by = (restoreBy: "arm" | "reconnect", meterWarn = false) => ({ restoreBy, meterWarn });
  expect(cannotDo("breaker-645", "remote", by("arm"))).toEqual(['a breaker-645 cannot be restored by "arm" (policy.restoreBy)']);
  expect(cannotDo("breaker-645", "remote", by("reconnect"))).toEqual([]);
  expect(cannotDo("breaker-645", null, by("reconnect", true))).toEqual(["a breaker-645 shows no alarm (policy.meterWarn)"]);
  expect(cannotDo("remote-ledger", "remote", by("arm", true))).toEqual([]);
  expect(cannotDo("state-grid-2009", "local", by("reconnect")), "its wallet cuts and restores").toEqual([]);
  expect(cannotDo("state-grid-2009", "remote", by("reconnect"))).toHaveLength(1);
});

test("a meter that could be cut and not restored is not added, by whatever rules its account has", async () => {
  const store: Pick<NewMeterStore, "standing"> = { standing: () => Promise.resolve(null) };
  const meters: Pick<MeterStore, "account"> = {
    account: (_tx, account) => Promise.resolve(account === known ? { ...setting, account, class: "works", meter: null } : null),
  };
  const door = new NewMeters({
    ...{
      store: store as NewMeterStore,
      meters: meters as MeterStore,
      outbox: { announce: () => Promise.resolve(), wake: () => Promise.resolve() },
    },
    ...{ whyNotOn: () => null, tariffs: new Set(["flat"]), asks },
  });
  const examine = (account: AccountId | null, className = "residential") =>
    door.examine({ meter: ofModel("breaker-645", account), setting: { ...setting, class: className }, by: "office" });
  const refusal = { code: "invalid-request", context: { field: "model", given: "breaker-645" } };
  await expect(examine(AccountId("new"))).rejects.toMatchObject(refusal);
  await expect(examine(null)).rejects.toMatchObject(refusal);
  expect(await examine(AccountId("new"), "works")).toBe("added");
  expect(await examine(own)).toBe("added");
  expect(await examine(known), "the class of an account that exists is the books', not what is said now").toBe("added");
});

test("nor does it take another's place", async () => {
  const account = (id: AccountId) => ({ ...setting, account: id, meter: A });
  const begin = (id: AccountId): Promise<unknown> => {
    const parts = {
      meters: {
        meter: (_tx: unknown, address: MeterAddress) => Promise.resolve(address === A ? { address, account: id } : null),
        account: () => Promise.resolve(account(id)),
      },
      replacements: { openOf: () => Promise.resolve(null), isFree: () => Promise.resolve(true) },
      commands: { lockOpen: () => Promise.reject(new Error("it fits")) },
      ...{ buses: new Set(["b"]), asks, clock: { now: () => Instant(0) } as Clock },
    };
    const service = new ReplacementService(parts as unknown as ReplacementServiceParts);
    const newMeter = { ...ofModel("breaker-645", null), address: MeterAddress("202611220002") };
    return service.begin(
      tx,
      { ...ofModel("breaker-645", id), relayPassword: null },
      {
        ...{ newMeter, given: null, reason: "worn out", askedByName: "office" },
      },
    );
  };
  await expect(begin(AccountId("usual"))).rejects.toMatchObject({
    code: "replacement-conflict",
    context: { field: "newMeter.model", why: expect.stringMatching(/cannot be restored by "arm"/) as unknown },
  });
  await expect(begin(own)).rejects.toThrow("it fits");
});
