/**
 * Every profile against a meter that wears it: frames are built from the profile and never know the simulator, the simulator
 * speaks its vendor's words and never knows the profile; they meet on a memory bus.
 */
import { describe, expect, test } from "vitest";
import { errorOf, itemNames, permit, profileOf, profiles } from "../../src/protocols/dlt645/profiles/index.ts";
import type { ModelProfile } from "../../src/protocols/dlt645/profiles/index.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { relayOrderNames, relayOrders } from "../../src/protocols/dlt645/relay-orders.ts";
import type { Frame } from "../../src/protocols/dlt645/frame.ts";
import * as requests from "../../src/protocols/dlt645/requests.ts";
import { isMeterModel, meterModelNames } from "../../simulator/models.ts";
import type { MeterPlan } from "../../simulator/plans.ts";
import { DEADLINE, OPERATOR, Speaker } from "./support/dialects.ts";
import { StillClock } from "./support/frames.ts";
import { raise } from "./support/street.ts";

const ADDRESS = "202611220001";

async function meet(profile: ModelProfile, plan: Partial<MeterPlan> = {}): Promise<Speaker> {
  if (!isMeterModel(profile.name)) throw new Error(`nobody wears ${profile.name}`);
  const street = await raise({
    clock: new StillClock(),
    buses: [{ id: "m", endpoint: { kind: "memory" } }],
    meters: [
      { address: ADDRESS, bus: "m", model: profile.name, meterNumber: "000000345678", loadKw: 0, energyKwh: "1234.56", ...plan },
    ],
  });
  return new Speaker(profile, street, ADDRESS);
}

const isYes = ({ control }: { control: number }): boolean => (control & 0xc0) === 0x80;
const all = profiles.map((profile) => [profile.name, profile] as const);

test("every profile is worn by a simulated meter, and every simulated meter has a profile", () => {
  expect([...meterModelNames].sort()).toEqual(profiles.map(({ name }) => name).sort());
});

describe.each(all)("%s", (_name, profile) => {
  test("behaves by the choices of its profile where they change no byte", async () => {
    const worn = (await meet(profile)).street.meter(ADDRESS);
    const { plainControl, macPolicy, protectCloses, emptyWallet, armingLimit, unknownWrite } = profile.choices;
    expect({ plainControl: worn.plainControl, ...worn.habits }).toMatchObject({
      plainControl: { obeyed: true, "restores-only": "restores", refused: false }[plainControl],
      macPolicy,
      protectCloses: { arms: "arm", closes: "close", nothing: "no" }[protectCloses],
      emptyWalletOrders: { "nothing-moves": "taken", refused: "refused" }[emptyWallet],
      armingLimit,
      unknownWrite: { "04": "unauthorised", "02": "no-data" }[unknownWrite],
    });
  });

  test("says who it is, and what it has; what it lacks is no such data", async () => {
    const meter = await meet(profile);
    expect(await meter.read("meterNumber")).toEqual({ meterNumber: "000000345678" });
    if (profile.items.customerNumber !== null)
      expect(await meter.read("customerNumber")).toEqual({ customerNumber: "002611220001" });
    expect(await meter.read("importedEnergy")).toEqual({ importedEnergy: "1234.56" });
    for (const name of itemNames) {
      const usual = profileOf("standard-wallet")!.items[name];
      if (profile.items[name] !== null) await meter.read(name);
      else if (usual !== null) {
        const answer = await meter.force(requests.read(ADDRESS, usual.di));
        expect([name, answer.control, errorOf(answer.data)]).toEqual([name, 0xd1, "0002"]);
      }
    }
  });

  test("shows its balance in its own unit and place", async () => {
    const meter = await meet(profile, { balance: "23.45" });
    if (profile.wallet === null) expect(profile.items.balance).toBeNull();
    else expect(await meter.read("balance")).toEqual({ balance: "23.45" });
  });

  test("cuts and restores by the orders it knows, and refuses the others itself", async () => {
    const meter = await meet(profile, { balance: "10.00" });
    expect(await meter.relay()).toMatchObject({ relay: "connected", unknownBits: [] });
    expect(isYes(await meter.orderPlain("disconnect"))).toBe(true);
    expect(await meter.relay()).toMatchObject({ relay: "disconnected", order: "disconnect" });
    const restores = profile.relayOrders.includes("reconnect") ? "reconnect" : "arm";
    expect(isYes(await meter.orderPlain(restores))).toBe(true);
    if (restores === "arm") {
      expect(await meter.relay()).toMatchObject({ relay: "disconnected", order: "connect" });
      expect(meter.street.pressButton(ADDRESS)).toBe(true);
    }
    expect(await meter.relay()).toMatchObject({ relay: "connected", order: "connect" });
    if (profile.relayOrders.includes("protect")) {
      await meter.orderPlain("protect");
      expect(await meter.relay()).toMatchObject({ protected: true });
      expect(isYes(await meter.orderPlain("disconnect"))).toBe(false);
      await meter.orderPlain("unprotect");
      expect(await meter.relay()).toMatchObject({ protected: false, relay: "connected" });
    }
    for (const order of relayOrderNames.filter((name) => !profile.relayOrders.includes(name))) {
      const timed = relayOrders[order].timed ? { restoreAfterMinutes: 5 } : {};
      const frame = requests.relayOrder({
        address: ADDRESS,
        operator: OPERATOR,
        order,
        deadline: DEADLINE,
        level: "02",
        password: new Secret("000000"),
        ...timed,
      });
      expect(permit(profile, frame).allowed, order).toBe(false);
      const answer = await meter.force(frame);
      expect([answer.control, errorOf(answer.data)], order).toEqual([0xdc, "0004"]);
    }
    expect(await meter.relay()).toMatchObject({ relay: "connected", order: "connect" });
  });
});

describe.each(all.filter(([, profile]) => profile.proof.scheme !== null))("security: %s", (_name, profile) => {
  test("obeys secured orders at its own level, and answers them as it is used to", async () => {
    const meter = await meet(profile, { balance: "10.00" });
    expect(errorOf((await meter.say(orderWithoutProof(meter))).data)).toMatch(/^000[48]$/);
    await meter.prove();
    const answer = await meter.orderSecured("disconnect", true);
    expect([answer.control, answer.data.length]).toEqual([0x9c, profile.choices.relayReply === "short" ? 0 : 2]);
    expect(await meter.relay()).toMatchObject({ relay: "disconnected" });
  });
});

describe.each(all.filter(([, profile]) => profile.wallet !== null))("money: %s", (_name, profile) => {
  test("is topped up once; a repeat is refused where something proves it, and doubled where nothing does", async () => {
    const meter = await meet(profile, { balance: "10.00" });
    await meter.prove();
    const frame = meter.topUpFrame("100.00", 1);
    expect(permit(profile, frame)).toEqual({ allowed: true, money: true });
    expect(isYes(await meter.say(frame))).toBe(true);
    expect(await meter.read("balance")).toEqual({ balance: "110.00" });
    const again = await meter.say(frame);
    const { repeatRefused } = profile.purchase!;
    if (repeatRefused === null) {
      expect(isYes(again)).toBe(true);
      expect(await meter.read("balance")).toEqual({ balance: "210.00" });
    } else {
      expect([again.control, errorOf(again.data), again.data.length]).toEqual([
        0xc3,
        repeatRefused,
        Number(profile.choices.serrBytes),
      ]);
      expect(await meter.read("balance")).toEqual({ balance: "110.00" });
    }
    if (profile.items.purchaseCount !== null)
      expect(await meter.read("purchaseCount")).toEqual({ purchaseCount: repeatRefused === null ? "2" : "1" });
    if (profile.items.lastPurchase !== null) expect(await meter.read("lastPurchase")).toEqual({ lastPurchase: "100.00" });
  });
});

describe.each(all.filter(([, profile]) => profile.refund !== null))("money back: %s", (_name, profile) => {
  test("gives money back the one way it knows, and not more than there is", async () => {
    const meter = await meet(profile, { balance: "50.00" });
    await meter.prove();
    const frame = meter.refundFrame("20.00", 7);
    expect(permit(profile, frame)).toEqual({ allowed: true, money: true });
    expect(isYes(await meter.say(frame))).toBe(true);
    expect(await meter.read("balance")).toEqual({ balance: "30.00" });
    const again = await meter.say(frame);
    const isProved = profile.refund!.repeatProof !== "nothing";
    expect(isYes(again)).toBe(!isProved);
    expect(await meter.read("balance")).toEqual({ balance: isProved ? "30.00" : "10.00" });
    expect(isYes(await meter.say(meter.refundFrame("99.00", 8)))).toBe(false);
    expect(meter.street.snapshot(ADDRESS).obeyed.refunds).toBe(isProved ? 1 : 2);
  });
});

test.each(
  all.flatMap(([name, profile]) =>
    [0x03, 0x12, 0x14, 0x16]
      .filter((control) => !profile.functions.includes(control))
      .map((control) => [name, control.toString(16).toUpperCase().padStart(2, "0"), profile, control] as const),
  ),
)("%s is silent to function %s, which it does not know", async (_name, _hex, profile, control) => {
  const meter = await meet(profile);
  const frame = { address: ADDRESS, control, data: new Uint8Array(20) };
  expect(permit(profile, frame).allowed).toBe(false);
  expect(await meter.isSilentTo(frame)).toBe(true);
});

/** The right level and length, and nobody has proved anything. */
const orderWithoutProof = ({ profile }: Speaker): Frame => {
  const data = new Uint8Array(28);
  data[0] = Number.parseInt(profile.proof.levels!.cipher, 16);
  return { address: ADDRESS, control: 0x1c, data };
};

describe("what only one of them does", () => {
  test("a 2009 meter does not look at P2, closes only at its button, and has no current limit", async () => {
    const meter = await meet(profileOf("state-grid-2009")!);
    await meter.prove();
    const answer = await meter.say(meter.securedFrame("reconnect", true));
    expect([answer.control, errorOf(answer.data), answer.data.length]).toEqual([0xdc, "0004", 1]);
    expect((await meter.force(requests.read(ADDRESS, "04001402"))).control).toBe(0xd1);
  });

  test("a southern meter keeps its purse in file 0002 and takes nothing at the levels of State Grid", async () => {
    const profile = profileOf("southern-grid")!;
    const meter = await meet(profile, { balance: "10.00" });
    await meter.prove();
    const readBack = (file: number) => ({
      address: ADDRESS,
      control: 0x03,
      data: Uint8Array.from([0xff, 1, 0x80, 7, 1, 0, 0, 0, 8, 0, 0, 0, file, 0, 1, 0xdf]),
    });
    const purse = await meter.say(readBack(2));
    expect([purse.control, purse.data.length, purse.data[8]]).toEqual([0x83, 28, 2]);
    expect((await meter.say(readBack(1))).control).toBe(0xc3);
    const theirs = requests.relayOrderSecured({
      address: ADDRESS,
      operator: OPERATOR,
      cipher: new Uint8Array(16),
      mac: new Uint8Array(4),
      level: "98",
      extendedReply: false,
      controlBlock: "whole",
    });
    expect(permit(profile, theirs).allowed).toBe(false);
    expect(errorOf((await meter.force(theirs)).data)).toBe("0004");
  });

  test("a Chint meter obeys an order whose time has passed; a meter with a clock does not", async () => {
    const chint = await meet(profileOf("chint-soft-esam")!);
    expect(isYes(await chint.orderPlain("disconnect", "200101000000"))).toBe(true);
    const standard = await meet(profileOf("standard-wallet")!);
    expect(isYes(await standard.orderPlain("disconnect", "200101000000"))).toBe(false);
  });

  test("a Chint meter shows orders, alarms and keys in bits of its own, and forgets a lapsed proof", async () => {
    const meter = await meet(profileOf("chint-soft-esam")!, { balance: "4.00" });
    meter.meter.alarms = { first: 3_000n, second: 500n };
    await meter.prove();
    await meter.orderSecured("disconnect");
    expect((await meter.relay()).set).toEqual([
      "trippedByOrder yes",
      "productionKeys yes",
      "relay disconnected",
      "prepayment money",
      "alarm2 on",
      "alarm1 on",
      "identity valid",
    ]);
    await meter.say(requests.endSession({ address: ADDRESS, operator: OPERATOR }));
    expect(errorOf((await meter.say(meter.topUpFrame("1.00", 1))).data)).toBe("0008");
  });

  test("an order number is refused whoever uses it again, a long refund is one too, and another meter's order is not taken", async () => {
    const meter = await meet(profileOf("order-number-4g")!, { balance: "50.00" });
    expect(isYes(await meter.say(meter.longRefundFrame("5.00", 9)))).toBe(true);
    expect(errorOf((await meter.say(meter.topUpFrame("5.00", 9))).data)).toBe("0002");
    const foreign = meter.topUpFrame("5.00", 10);
    foreign.data[24] = 0x99;
    expect(errorOf((await meter.say(foreign)).data)).toBe("0010");
    expect(await meter.read("balance")).toEqual({ balance: "45.00" });
    expect(await meter.read("status")).toMatchObject({ balance: "45.00", importedEnergy: "1234.56" });
  });

  test("a refused parameter block has changed prices, and a byte that nobody sent: reading back is what shows it", async () => {
    const profile = profileOf("order-number-4g")!;
    const meter = await meet(profile);
    const before = (await meter.read("parameters"))["parameters"]!;
    const given = new Uint8Array(151).fill(0x50);
    given.set([0xff, 4, 1, 7, 0x44, 0x33, 0x22, 0x11]);
    const write = { address: ADDRESS, control: 0x03, data: given };
    expect(permit(profile, write).allowed).toBe(false);
    expect(errorOf((await meter.force(write)).data)).toBe("0001");
    const after = (await meter.read("parameters"))["parameters"]!;
    const changed = Array.from({ length: 143 }, (_, i) => i).filter(
      (i) => after.slice(i * 2, i * 2 + 2) !== before.slice(i * 2, i * 2 + 2),
    );
    expect(changed).toHaveLength(33);
    expect(profile.readBack.write).toContain("parameters");
  });

  test("a token is used up with its number: an older one is a repeat too, and a misread digit is none", async () => {
    const meter = await meet(profileOf("sts-token")!, { balance: "10.00" });
    const newer = meter.topUpFrame("20.00", 42);
    expect(isYes(await meter.say(newer))).toBe(true);
    expect(errorOf((await meter.say(meter.topUpFrame("5.00", 41))).data)).toBe("0002");
    const misread = { ...newer, data: newer.data.with(27, 0x31) };
    expect(errorOf((await meter.say(misread)).data)).toBe("0001");
    expect(await meter.read("balance")).toEqual({ balance: "30.00" });
  });

  test("an energy meter counts kilowatt-hours: 50 yuan of another meter are 50 kWh here, and word 3 says so", async () => {
    const meter = await meet(profileOf("energy-prepay-vendor")!, { balance: "50.00" });
    expect(await meter.relay()).toMatchObject({ prepayment: "energy" });
    expect(await (await meet(profileOf("standard-wallet")!)).relay()).toMatchObject({ prepayment: "money" });
    expect((await meter.force(requests.read(ADDRESS, "00900200"))).control).toBe(0xd1);
  });
});
