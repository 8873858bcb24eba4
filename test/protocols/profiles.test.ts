/** Are the profiles right? Captures and worked frames in each model's own words, and what must hold for all of them. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Secret } from "../../src/kernel/secret.ts";
import { hexBytes } from "../../src/protocols/dlt645/frame.ts";
import {
  dangers,
  decodeCells,
  decodeItem,
  decodeRelayWord,
  defaultChoices,
  encodeCells,
  errorOf,
  itemNames,
  layouts,
  permit,
  profileOf,
  profiles,
  readItem,
  readWord3,
  refundFrame,
  relayFrame,
  topUpFrame,
  wordLayouts,
} from "../../src/protocols/dlt645/profiles/index.ts";
import type { ModelProfile, ProfileItemName } from "../../src/protocols/dlt645/profiles/index.ts";
import { relayOrders } from "../../src/protocols/dlt645/relay-orders.ts";
import { profileFrame, profileFrames } from "./profile-frames.ts";
import type { ProfileFrame } from "./profile-frames.ts";

const identifier = (data: Uint8Array): string => hexBytes(data.slice(0, 4).reverse(), "");
const verdict = ({ profile, frame }: Pick<ProfileFrame, "profile" | "frame">): string => {
  const answer = permit(profile, frame);
  return !answer.allowed ? "no" : answer.money ? "money" : "yes";
};
const itemNamed = (profile: ModelProfile, di: string): ProfileItemName | undefined =>
  itemNames.find((name) => profile.items[name]?.di === di);

/** What a profile reads out of a frame, in the words of the golden file. */
function told({ profile, direction, frame, promised }: ProfileFrame): Record<string, string | null> {
  const { control, data } = frame;
  if (direction === "request") {
    const seen: Record<string, string | null> = { permit: verdict({ profile, frame }) };
    if (control === 0x1c && "block" in promised) seen["block"] = hexBytes(data.slice(8).reverse(), "");
    if (control === 0x03 && "cipher1" in promised) seen["cipher1"] = hexBytes(data.slice(8, 16).reverse(), "");
    if (control !== 0x03 || Object.keys(promised).length <= 1 || "cipher1" in promised) return seen;
    const di = identifier(data);
    const own = [
      ...(profile.purchase !== null && di === profile.purchase.di ? [profile.purchase.layout] : []),
      ...(profile.refund?.di === di ? profile.refund.layouts : []),
      "18" as const,
    ];
    for (const name of own) {
      const cut = decodeCells(layouts[name], data.slice(8));
      if ("values" in cut) return { ...seen, ...cut.values };
    }
    throw new Error(`no layout of ${profile.name} fits ${data.length} bytes`);
  }
  if ((control & 0x40) !== 0) return { error: errorOf(data) };
  const name = itemNamed(profile, identifier(data));
  if (name === undefined) throw new Error(`${profile.name} has no item ${identifier(data)}`);
  if (name === "relayWord") {
    const word = decodeRelayWord(profile, data.slice(4));
    if ("fault" in word) throw new Error(word.fault);
    const { relay, order, set } = word;
    return { word: word.word.toString(16).toUpperCase().padStart(4, "0"), relay, order, set: set.join(", ") };
  }
  const cut = decodeItem(profile, name, data.slice(4));
  if ("fault" in cut) throw new Error(cut.fault);
  return cut.values;
}

describe("golden frames", () => {
  const frames = profileFrames();

  test.each(frames.map((frame) => [frame.key, frame] as const))("%s", (_key, frame) => {
    expect(told(frame)).toEqual(frame.promised);
  });

  test("every model has some, and keys are told apart by direction", () => {
    expect(new Set(frames.map(({ profile }) => profile.name))).toEqual(new Set(profiles.map(({ name }) => name)));
    expect(new Set(frames.map(({ direction, key }) => `${direction} ${key}`)).size).toBe(frames.length);
  });
});

describe("frames built from a profile are the golden ones", () => {
  const to = { address: "202611220001", operator: "00000001" };
  const golden = (key: string) => profileFrame(key).frame;
  const { permit: _verdict, ...amounts } = profileFrame("standard-wallet/top-up").promised;

  test("top-ups: a count, an order number, a seal", () => {
    expect(topUpFrame(profileOf("standard-wallet")!, to, amounts)).toEqual(golden("standard-wallet/top-up"));
    for (const key of ["order-number-4g/top-up", "energy-prepay-vendor/top-up", "chint-soft-esam/top-up"]) {
      const { profile, promised } = profileFrame(key);
      const { permit: _permit, ...values } = promised;
      expect(topUpFrame(profile, to, values), key).toEqual(golden(key));
    }
  });

  test("refunds of function 03H, the short one and the long one", () => {
    const { permit: _short, ...short } = profileFrame("order-number-4g/refund-22").promised;
    const orderNumber = profileOf("order-number-4g")!;
    expect(refundFrame(orderNumber, to, "22", short)).toEqual(golden("order-number-4g/refund-22"));
    const long = profileFrame("order-number-4g/refund-28 S016");
    const { permit: _long, ...values } = long.promised;
    // The fixture's operator is not the one that the physical meter was heard with, so only what follows is compared.
    expect(refundFrame(orderNumber, { ...to, address: long.frame.address }, "28", values).data.slice(8)).toEqual(
      long.frame.data.slice(8),
    );
  });

  test("relay orders carry the N2 and the deadline that the model wants", () => {
    const password = new Secret("000000");
    const order = { order: "arm", deadline: "261122103000", password } as const;
    const captured = golden("order-number-4g/arm S063");
    expect(relayFrame(profileOf("order-number-4g")!, { address: captured.address, operator: "00000000" }, order)).toEqual(
      captured,
    );
    expect(relayFrame(profileOf("state-grid-2009")!, to, order)).toEqual(golden("state-grid-2009/arm"));
    expect(relayFrame(profileOf("breaker-645")!, to, { ...order, order: "disconnect" })).toEqual(
      golden("breaker-645/disconnect"),
    );
  });

  test("a balance is asked for by the name that the model has for it", () => {
    expect(readItem(profileOf("standard-wallet")!, "balance", to.address)).toEqual(golden("standard-wallet/balance"));
    expect(identifier(readItem(profileOf("energy-prepay-vendor")!, "balance", to.address).data)).toBe("00900100");
    expect(() => readItem(profileOf("breaker-645")!, "balance", to.address)).toThrow("a breaker-645 has no balance");
  });
});

describe("cells", () => {
  test("money comes back as it was, to the fen, binary and BCD", () => {
    const cells = [layouts["1E"][0], profileOf("standard-wallet")!.items.balance!.cells[0]!];
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99_999_999 }), (fen) => {
        const text = `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, "0")}`;
        for (const cell of cells) {
          const wire = encodeCells([cell], { [cell.name]: text });
          expect(decodeCells([cell], wire)).toEqual({ values: { [cell.name]: text } });
        }
      }),
    );
  });

  test("fifty yuan are other bytes in each place, and the wrong reader does not find fifty", () => {
    const binary = encodeCells([layouts["1E"][0]], { amount: "50.00" });
    expect(hexBytes(binary, "")).toBe("88130000");
    expect(decodeItem(profileOf("standard-wallet")!, "balance", binary)).toEqual({ values: { balance: "13.88" } });
  });

  test("what does not fit is named: a third decimal, a stranger, a missing cell, a wrong length, a digit that is none", () => {
    const cells = [layouts["1E"][0]];
    expect(() => encodeCells(cells, { amount: "1.005" })).toThrow("at most 2 decimals");
    expect(() => encodeCells(cells, { amount: "42949672.96" })).toThrow('"amount" does not fit 4 bytes');
    expect(() => encodeCells(cells, { amount: "1", fee: "1" })).toThrow('no cell "fee"; there are amount');
    expect(() => encodeCells(cells, {})).toThrow('"amount" is missing');
    expect(decodeCells(cells, new Uint8Array(3))).toEqual({ fault: "3 bytes where 4 are expected" });
    const balance = profileOf("standard-wallet")!.items.balance!.cells;
    expect(decodeCells(balance, Uint8Array.of(0x56, 0xa4, 0, 0))).toEqual({ fault: "balance: not BCD: 0000A456" });
    expect(decodeCells(balance, new Uint8Array(4).fill(0xff))).toEqual({ values: { balance: null } });
  });
});

describe("word 3", () => {
  test("one word is five stories", () => {
    expect(readWord3("state-grid-2009", 0x0c02).set).toContain("second step set");
    expect(readWord3("chint", 0x0c02)).toMatchObject({ order: "disconnect", alarm: true, relay: "connected" });
    expect(readWord3("southern-grid", 0x0c02)).toMatchObject({ order: "connect", unknownBits: [11] });
    expect(readWord3("state-grid-2013", 0x0021)).toMatchObject({ unknownBits: [0, 5] });
    expect(readWord3("base", 0x0050)).toMatchObject({ relay: "disconnected", order: null, prepayment: null, unknownBits: [6] });
  });

  test("every layout names each of its bits once", () => {
    for (const { bits } of Object.values(wordLayouts)) expect(new Set(bits.map(({ bit }) => bit)).size).toBe(bits.length);
  });
});

describe("every profile", () => {
  test("is found by its name, which is the only one", () => {
    expect(new Set(profiles.map(({ name }) => name)).size).toBe(profiles.length);
    for (const profile of profiles) expect(profileOf(profile.name)).toBe(profile);
    expect(profileOf("gold")).toBeUndefined();
  });

  test.each(profiles.map((profile) => [profile.name, profile] as const))(
    "%s says one thing in all its places",
    (_name, profile) => {
      const { choices, proof, purchase, refund, evidence } = profile;
      expect(evidence.sources.length).toBeGreaterThan(0);
      expect(profile.title.zh).toMatch(/[\u4e00-\u9fff]/);
      for (const name of itemNames) expect(profile.items, name).toHaveProperty(name);
      // A wallet, what tells of it, and what is sent to it stand and fall together.
      expect(purchase !== null).toBe(profile.wallet !== null);
      expect(profile.items.balance !== null).toBe(profile.wallet !== null);
      expect(refund?.di ?? "none").toBe(choices.refund);
      if (purchase !== null) expect(choices.purchaseLayout).toBe(purchase.layout);
      if (purchase !== null) expect(purchase.repeatProof === "nothing").toBe(purchase.repeatRefused === null);
      expect(String(profile.serrBytes)).toBe(choices.serrBytes);
      if (proof.levels !== null) expect(`${proof.levels.clear} and ${proof.levels.cipher}`).toBe(choices.levels);
      if (proof.kind === "esam" || proof.kind === "soft-esam") expect(proof.scheme).toMatch(/TEST/);
      // What it names among its orders it must be able to hear, and money is flagged as such.
      for (const { control } of profile.orders) expect(profile.functions).toContain(control);
      for (const order of profile.orders.filter(({ what }) => /top up|refund|open account/.test(what)))
        expect(order.money).toBe(true);
      for (const name of [...profile.readBack.purchase, ...profile.readBack.relay, ...profile.readBack.write])
        expect(profile.items[name], name).not.toBeNull();
      for (const topic of Object.keys(defaultChoices) as (keyof typeof defaultChoices)[])
        expect(defaultChoices[topic].variants, topic).toContain(choices[topic]);
    },
  );

  test("the README of the room tells of every model and every topic", () => {
    const readme = readFileSync("src/protocols/dlt645/profiles/README.md", "utf8");
    for (const { name } of profiles) expect(readme).toContain(`\`${name}\``);
    const rows = readme.split("\n");
    for (const [topic, { otherwise }] of Object.entries(defaultChoices))
      expect(rows.find((row) => row.startsWith(`| \`${topic}\``))).toContain(`**${otherwise}**`);
  });
});

describe("the last look before sending", () => {
  const sample = (control: number, di: string | null) => {
    const digits = (di ?? "").replaceAll("x", "0");
    const data = new Uint8Array(32);
    data.set(Uint8Array.from(Buffer.from(digits, "hex")).reverse());
    return { address: "202611220001", control, data };
  };

  test.each(profiles.map((profile) => [profile.name, profile] as const))(
    "%s: nothing dangerous that it does not name",
    (_name, profile) => {
      for (const { control, di } of dangers) {
        const named = profile.orders.find((order) => order.control === control && order.di === (di ?? "").replaceAll("x", "0"));
        const answer = permit(profile, sample(control, di));
        expect(answer.allowed, `${control.toString(16)} ${di ?? ""}`).toBe(named !== undefined && !named.destructive);
      }
    },
  );

  test("070103FF wipes a purse here and gives energy back there", () => {
    const wipe = sample(0x03, "070103FF");
    for (const { name } of profiles)
      expect(permit(profileOf(name)!, wipe), name).toMatchObject({ allowed: name === "energy-prepay-vendor" });
    expect(permit(profileOf("energy-prepay-vendor")!, wipe)).toEqual({ allowed: true, money: true });
    expect(permit(profileOf("standard-wallet")!, wipe)).toEqual({
      allowed: false,
      why: "03 070103FF: initialise the purse: balance, count and records are gone",
    });
  });

  test("a destructive order can be allowed, by name only", () => {
    const clearing = { control: 0x1b, di: null, what: "clear events", money: false, destructive: true } as const;
    const meter = profileOf("standard-wallet")!;
    expect(permit({ ...meter, orders: [clearing] }, sample(0x1b, null)).allowed).toBe(false);
    expect(permit({ ...meter, orders: [{ ...clearing, allowed: true }] }, sample(0x1b, null)).allowed).toBe(true);
  });

  test("nobody is written to or ordered by wildcard or broadcast; asking and telling the time is free", () => {
    const meter = profileOf("standard-wallet")!;
    for (const address of ["AAAAAAAAAAAA", "999999999999", "AAAAAA220001"]) {
      for (const control of [0x03, 0x14, 0x17, 0x1c])
        expect(permit(meter, { ...sample(control, "0400010C"), address }).allowed).toBe(false);
      expect(permit(meter, { ...sample(0x11, "00010000"), address }).allowed).toBe(true);
      expect(permit(meter, { ...sample(0x08, null), address }).allowed).toBe(true);
    }
  });

  test("replies, unknown functions and orders without an identifier are not sent, whatever is in them", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 40 }), (control, data) => {
        for (const profile of profiles) {
          const answer = permit(profile, { address: "202611220001", control, data });
          if (!profile.functions.includes(control)) expect(answer.allowed).toBe(false);
          if (answer.allowed && control === 0x03) expect(profile.orders.some(({ di }) => di === identifier(data))).toBe(true);
        }
      }),
    );
    expect(
      permit(profileOf("standard-wallet")!, { address: "202611220001", control: 0x03, data: new Uint8Array(3) }),
    ).toMatchObject({
      allowed: false,
    });
  });

  test("a relay is ordered what it knows", () => {
    for (const profile of profiles)
      for (const [name, { byte }] of Object.entries(relayOrders)) {
        const data = new Uint8Array(16);
        data.set([0x02], 0);
        data.set([byte], 8);
        expect(permit(profile, { address: "202611220001", control: 0x1c, data }).allowed, `${profile.name} ${name}`).toBe(
          profile.relayOrders.some((known) => known === name),
        );
      }
  });
});
