/** What a conversation never says, whoever built the frame: refused with a fault, and no byte on the wire. */
import { afterEach, describe, expect, test } from "vitest";
import { Conversation } from "../../src/devices/conversation.ts";
import type { Line } from "../../src/devices/line.ts";
import { HealthBook } from "../../src/devices/meter-health.ts";
import { complaintAbout, isModelName, meterModels, modelOf, whyNotOperated } from "../../src/devices/meter-models.ts";
import { Priority, type ModelName } from "../../src/devices/meter.ts";
import { isSecured } from "../../src/devices/relay-ordering.ts";
import { later, minutes, systemClock } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { choicesWith, profileOf, profiles, requests, type Frame } from "../../src/protocols/dlt645/index.ts";
import { A, openLine, readRequest, type FarMeter } from "./far-meter.ts";

const lines: Line[] = [];
afterEach(async () => {
  for (const line of lines.splice(0)) await line.close();
});

async function talkTo(model: ModelName): Promise<{ talk: Conversation; far: FarMeter }> {
  const { line, far } = await openLine();
  lines.push(line);
  const meter = {
    address: MeterAddress(A),
    meterNumber: A,
    customerNumber: A,
    account: null,
    bus: BusId("b"),
    model,
    relayPassword: null,
  };
  const talk = new Conversation({
    meter,
    model: meterModels[model],
    line,
    priority: Priority.person,
    health: new HealthBook(systemClock),
    clock: systemClock,
    log: silentLog,
  });
  return { talk, far };
}

const operator = "00000001";
const password = { level: "02", password: new Secret("000000") } as const;
const wipesPurse: Frame = { address: A, control: 0x03, data: Uint8Array.from([0xff, 3, 1, 7, ...new Uint8Array(20)]) };
const forbidden = [
  ["standard-wallet", "its purse is not wiped", wipesPurse, /initialise the purse/],
  ["standard-wallet", "it is not cleared", requests.clearMeter({ address: A, operator, ...password }), /it clears the meter/],
  [
    "southern-grid",
    "no password of it is changed",
    requests.changePassword({ address: A, di: "04000C02", old: password, fresh: password }),
    /password/,
  ],
  [
    "breaker-645",
    "it is not ordered what it does not know",
    requests.relayOrder({ address: A, operator, ...password, order: "protect", deadline: "991231235959" }),
    /does not know 3A/,
  ],
] as const;

test.each(forbidden)("%s: %s", async (model, _title, frame, why) => {
  const { talk, far } = await talkTo(model);
  const refused = (error: unknown): boolean => isFault(error, "order-forbidden") && why.test(String(error.context["why"]));
  let looked = 0;
  const options = { notAfter: later(systemClock.now(), minutes(1)), beforeFirstByte: () => Promise.resolve(void (looked += 1)) };
  await expect(talk.order(frame, options)).rejects.toSatisfy(refused);
  await expect(talk.question(() => Promise.resolve(frame))).rejects.toSatisfy(refused);
  expect(looked).toBe(0);
  // The line is as it was: what comes next is the first thing the meter hears.
  await talk.question(() => Promise.resolve(readRequest(A)));
  expect(far.heard.map(({ control }) => control)).toEqual([0x11]);
  expect(talk.evidence).toHaveLength(2);
});

test("a model is taken by the site file exactly where nothing stands in the way, and the others say what does", () => {
  expect(profiles.filter((profile) => whyNotOperated(profile) === null).map(({ name }) => name)).toEqual(
    Object.keys(meterModels),
  );
  for (const { name } of profiles) {
    if (isModelName(name)) expect(complaintAbout(name)).toBeNull();
    else expect(complaintAbout(name)).toMatch(/is known, but the gateway cannot order it yet: .{20}/);
  }
  expect(complaintAbout("gold")).toBe(
    `must be one of ${Object.keys(meterModels)
      .map((name) => `"${name}"`)
      .join(", ")}`,
  );
});

test("a wallet of kilowatt-hours is taken only where the token says what it is worth, and a layout only where it is built", () => {
  const energy = profileOf("energy-prepay-vendor")!;
  expect(whyNotOperated(energy)).toMatch(/kilowatt-hours/);
  expect(whyNotOperated({ ...energy, wallet: "yuan" })).toMatch(/layout it wants: 18 sealed/);
  expect(whyNotOperated(profileOf("chint-soft-esam")!)).toMatch(/no security module computes its MACs/);
  const token = profileOf("sts-token")!;
  expect(whyNotOperated({ ...token, purchase: { ...token.purchase!, repeatProof: "nothing" } })).toMatch(/kilowatt-hours/);
});

describe("a relay password in the record", () => {
  const securedOrders = (plainControl: "obeyed" | "restores-only" | "refused", keys: boolean, hasPassword: boolean) => {
    const profile = profileOf("standard-wallet")!;
    const model = { ...modelOf({ ...profile, choices: choicesWith({ plainControl }) }), keys };
    return model.orders.filter((order) => isSecured(model, hasPassword, order));
  };
  const { orders } = meterModels["standard-wallet"];

  test("is used where the model obeys it, and nowhere else", () => {
    expect(securedOrders("obeyed", true, true)).toEqual([]);
    expect(securedOrders("restores-only", true, true)).toEqual(
      orders.filter((order) => order !== "reconnect" && order !== "arm"),
    );
    expect(securedOrders("refused", true, true)).toEqual(orders);
  });
  test("is not missed where there are keys, and is all there is where there are none", () => {
    expect(securedOrders("obeyed", true, false)).toEqual(orders);
    expect(securedOrders("obeyed", false, true)).toEqual([]);
    expect(securedOrders("obeyed", false, false)).toEqual([]);
  });
  test("must be heard by a model that has no keys, or nobody could order it", () => {
    const breaker = profileOf("breaker-645")!;
    expect(whyNotOperated({ ...breaker, choices: choicesWith({ ...breaker.choices, plainControl: "refused" }) })).toMatch(
      /does not obey a password/,
    );
  });
});

test("the switches of the two models that were there before stay what they were", () => {
  const { profile: _profile, relayPassword, ...switches } = meterModels["standard-wallet"];
  const timed = ["disconnectThenReconnect", "disconnectThenArm"];
  const orders = ["disconnect", "reconnect", "arm", "protect", "unprotect", "warn", "unwarn", ...timed];
  expect(switches).toEqual({
    wallet: true,
    money: { purchase: "purchase-count", refund: "nothing", unit: "yuan" },
    operator: null,
    keys: true,
    plainOrders: orders,
    securedLevel: "98",
    controlBlock: "whole",
    extendedReply: true,
    deadline: "real",
    orders,
    preamble: 4,
  });
  expect([relayPassword.level, relayPassword.secret.open()]).toEqual(["02", "000000"]);
  const { profile: _remote, relayPassword: _password, ...remote } = meterModels["remote-ledger"];
  expect(remote).toEqual({ ...switches, wallet: false, money: { purchase: null, refund: null, unit: null } });
});
