/** Are the profiles right? Captures and worked frames in each model's own words, and what must hold for all of them. */
import { createDecipheriv } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CentiKwh } from "../../src/kernel/energy.ts";
import { Fen } from "../../src/kernel/money.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { itemUnder } from "../../src/protocols/dlt645/chosen-items.ts";
import { choiceTopics, levelsOf } from "../../src/protocols/dlt645/choices.ts";
import type { ChoiceTopic } from "../../src/protocols/dlt645/choices.ts";
import { itemOf } from "../../src/protocols/dlt645/dictionary.ts";
import { dissect } from "../../src/protocols/dlt645/dissect.ts";
import { hexBytes } from "../../src/protocols/dlt645/frame.ts";
import {
  dangers,
  decodeItem,
  decodeRelayWord,
  errorOf,
  itemNames,
  permit,
  profileOf,
  profiles,
  readItem,
  refundFrame,
  relayFrame,
  topUpFrame,
} from "../../src/protocols/dlt645/profiles/index.ts";
import type { ModelProfile, ProfileItemName } from "../../src/protocols/dlt645/profiles/index.ts";
import { relayOrders } from "../../src/protocols/dlt645/relay-orders.ts";
import * as requests from "../../src/protocols/dlt645/requests.ts";
import { readRequest, writeRequest } from "../../src/protocols/dlt645/speaking.ts";
import type { Request } from "../../src/protocols/dlt645/speaking.ts";
import { readWord3, word3Layouts } from "../../src/protocols/dlt645/word3-layouts.ts";
import { profileFrame, profileFrames, promisedValues } from "./profile-frames.ts";
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
    if (control === 0x1c && "block" in promised) return { ...seen, block: hexBytes(data.slice(8).reverse(), "") };
    const values = dissect(frame, profile.choices).segments.flatMap((segment) => segment.values);
    const names = Object.keys(promised).length <= 1 ? [] : values.map(({ name }) => name).filter((name) => name !== "operator");
    // Of an identity only the cipher is promised, of everything else all there is.
    for (const { name, value } of values) if ("cipher1" in promised ? name in promised : names.includes(name)) seen[name] = value;
    return seen;
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
  const credit = (key: string) =>
    ({ layout: profileFrame(key).profile.choices.purchase, ...promisedValues(key) }) as requests.Credit;

  test("top-ups: a count, an order number, a seal, a token", () => {
    for (const { name } of profiles.filter(({ wallet, name }) => wallet !== null && !/2009|southern/.test(name))) {
      const key = `${name}/top-up`;
      expect(topUpFrame(profileOf(name)!, to, credit(key)), key).toEqual(golden(key));
    }
    expect(() => topUpFrame(profileOf("sts-token")!, to, credit("standard-wallet/top-up"))).toThrow("topped up by 1C");
    expect(() => topUpFrame(profileOf("remote-ledger")!, to, credit("standard-wallet/top-up"))).toThrow("takes no credit");
  });

  test("refunds of function 03H, the short one, the long one and the sealed one", () => {
    const refund = (key: string, layout: string) => ({ layout, ...promisedValues(key) }) as requests.Refund;
    const orderNumber = profileOf("order-number-4g")!;
    const short = refund("order-number-4g/refund-22", "22");
    expect(refundFrame(orderNumber, to, short)).toEqual(golden("order-number-4g/refund-22"));
    const long = golden("order-number-4g/refund-28 S016");
    // The fixture's operator is not the one that the physical meter was heard with, so only what follows is compared.
    expect(
      refundFrame(orderNumber, { ...to, address: long.address }, refund("order-number-4g/refund-28 S016", "28")).data.slice(8),
    ).toEqual(long.data.slice(8));
    const energy = profileOf("energy-prepay-vendor")!;
    const sealed = refund("energy-prepay-vendor/refund", "18 sealed");
    expect(refundFrame(energy, to, sealed)).toEqual(golden("energy-prepay-vendor/refund"));
    for (const profile of profiles.filter((each) => each !== energy))
      expect(() => refundFrame(profile, to, sealed), profile.name).toThrow("this meter refunds by");
  });

  test("what is heard under the profile and said again are the same bytes", () => {
    /** The captured one tells a purse to begin with a count, which no gateway would. */
    const NEVER_SAID = "order-number-4g/purse-init S015";
    const heard = profileFrames()
      .filter(({ direction, key }) => direction === "request" && key !== NEVER_SAID)
      .map(({ profile, frame, key }) => ({ key, frame, choices: profile.choices, is: readRequest(frame, profile.choices) }));
    expect(heard.filter(({ is }) => ["malformed", "unknown-function", "reply"].includes(is.is))).toEqual([]);
    for (const { key, frame, choices, is } of heard) expect(writeRequest(is as Request, choices), key).toEqual(frame);
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

describe("money", () => {
  const standard = profileOf("standard-wallet")!;
  const paid = (fen: bigint) =>
    topUpFrame(
      standard,
      { address: "202611220001", operator: "00000001" },
      {
        layout: "1E",
        amount: Fen(fen),
        purchaseCount: 1,
        mac1: new Uint8Array(4),
        customerNumber: "000000000000",
        mac2: new Uint8Array(4),
      },
    );

  test("comes back as it was, to the fen, binary and BCD", () => {
    const shape = itemOf("balance")!.shape;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99_999_999 }), (fen) => {
        const text = `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, "0")}`;
        expect(readRequest(paid(BigInt(fen)), standard.choices)).toMatchObject({ is: "top-up", amount: BigInt(fen) });
        const wire = shape.encode([{ name: "balance", value: Fen(BigInt(fen)) }]);
        expect(decodeItem(standard, "balance", wire)).toEqual({ values: { balance: text } });
      }),
    );
  });

  test("fifty yuan are other bytes in each place, and the wrong reader does not find fifty", () => {
    const binary = paid(5_000n).data.slice(8, 12);
    expect(hexBytes(binary, "")).toBe("88130000");
    expect(decodeItem(standard, "balance", binary)).toEqual({ values: { balance: "13.88" } });
  });

  test("what does not fit is named: too much, a wrong length, a digit that is none; FF is no data", () => {
    expect(() => paid(4_294_967_296n)).toThrow("field=amount");
    expect(decodeItem(standard, "balance", new Uint8Array(3))).toEqual({
      fault: "balance: 3 bytes where 4 are expected: 000000 in wire order",
    });
    expect(decodeItem(standard, "balance", Uint8Array.of(0x56, 0xa4, 0, 0))).toEqual({ fault: "balance: not BCD: 0000A456" });
    expect(decodeItem(standard, "balance", new Uint8Array(4).fill(0xff))).toEqual({ values: { balance: null } });
  });

  test("a kilowatt-hour under a seal is no yuan: amount and second as they travel", () => {
    const { sealed, key } = promisedValues("energy-prepay-vendor/top-up") as Record<string, Uint8Array>;
    const turned = (bytes: Uint8Array) => Uint8Array.from(bytes).reverse();
    const des = createDecipheriv("des-ede3-ecb", Buffer.concat([1, 2, 3].map(() => turned(key!))), null).setAutoPadding(false);
    const plain = Buffer.concat([des.update(turned(sealed!)), des.final()]);
    expect(hexBytes(plain)).toBe(hexBytes(requests.sealedPurchasePlainText(CentiKwh(2_000n), 849_177_000)));
    expect(() => requests.sealedPurchasePlainText(CentiKwh(-1n), 0)).toThrow("field=amount");
    expect(() => requests.sealedPurchasePlainText(CentiKwh(1n), 2 ** 32)).toThrow("field=stamp");
  });
});

describe("word 3", () => {
  test("one word is six stories", () => {
    expect(readWord3("state-grid-2009", 0x0c02).set).toContain("stepSet second set");
    expect(readWord3("chint", 0x0c02)).toMatchObject({ order: "disconnect", alarm: true, relay: "connected" });
    expect(readWord3("southern-grid", 0x0c02)).toMatchObject({ order: "connect", unknownBits: [] });
    expect(readWord3("southern-grid", 0x0c02).set).toContain("stepTable table 2");
    expect(readWord3("newest", 0x0021)).toMatchObject({ unknownBits: [0, 5] });
    expect(readWord3("state-grid-2013", 0x0028).set).toEqual(["infraredAuthentication valid", "zoneTable second set"]);
    expect(readWord3("base", 0x0050)).toMatchObject({ relay: "disconnected", order: null, prepayment: null, unknownBits: [6] });
  });

  test("every layout names each of its bits once, and the topic has no other", () => {
    expect(Object.keys(word3Layouts).sort()).toEqual([...choiceTopics.word3.variants].sort());
    for (const rows of Object.values(word3Layouts)) {
      const bits = rows.flatMap(({ bit, values }) => (values.length === 4 ? [bit, bit + 1] : [bit]));
      expect(new Set(bits).size).toBe(bits.length);
    }
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
      if (refund !== null) expect(refund.control).toBe(refund.di === "04001006" ? 0x14 : 0x03);
      if (purchase !== null) expect(purchase.repeatProof === "nothing").toBe(purchase.repeatRefused === null);
      if (proof.levels !== null) expect(proof.levels).toEqual(levelsOf(choices));
      if (proof.kind === "esam" || proof.kind === "soft-esam") expect(proof.scheme).toMatch(/TEST/);
      // What it names among its orders it must be able to hear, and money is flagged as such.
      for (const { control } of profile.orders) expect(profile.functions).toContain(control);
      for (const order of profile.orders.filter(({ what }) => /top up|refund|open account/.test(what)))
        expect(order.money).toBe(true);
      for (const name of [...profile.readBack.purchase, ...profile.readBack.relay, ...profile.readBack.write])
        expect(profile.items[name], name).not.toBeNull();
      for (const item of Object.values(profile.items))
        if (item !== null) expect(itemUnder(item.di, choices), item.di).toBeDefined();
      for (const [topic, { variants }] of Object.entries(choiceTopics))
        expect(variants, topic).toContain(choices[topic as ChoiceTopic]);
    },
  );

  test("the README of the room tells of every model, and of every topic what the table says of it", () => {
    const readme = readFileSync("src/protocols/dlt645/profiles/README.md", "utf8");
    for (const { name } of profiles) expect(readme).toContain(`\`${name}\``);
    const rows = readme.split("\n").map((row) => row.split("|").map((cell) => cell.trim()));
    const told = rows.filter(([, name]) => Object.keys(choiceTopics).some((topic) => name === `\`${topic}\``));
    expect(told).toEqual(
      Object.entries(choiceTopics).map(([topic, { about, variants, default: standard, why, actsOn }]) => {
        const seen = variants.map((variant) => (variant === standard ? `**${variant}**` : variant)).join(" · ");
        return ["", `\`${topic}\``, about, seen, why, actsOn, ""];
      }),
    );
  });
});

describe("every topic", () => {
  const room = "src/protocols/dlt645/";
  const pathOf = (name: string): string =>
    /^(?:devices|security)\//.test(name) ? `src/${name}` : name.startsWith("simulator/") ? name : `${room}${name}`;
  const text = (path: string): string => readFileSync(path, "utf8");
  const goesBy = (path: string, topic: string): boolean => new RegExp(`\\b${topic}\\b`).test(text(path));

  test.each(Object.entries(choiceTopics))(
    "%s is gone by where its row says, or its row says why nowhere",
    (topic, { actsOn }) => {
      const files = [...actsOn.matchAll(/[\w/-]+\.ts/g)].map(([name]) => pathOf(name));
      expect(files.length > 0 || actsOn.startsWith("no byte, "), actsOn).toBe(true);
      expect(files.filter((path) => !goesBy(path, topic))).toEqual([]);
      // The other way round: whoever goes by it in the room stands in the row.
      const others = readdirSync(room, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts") && name !== "choices.ts" && !name.startsWith("profiles/"))
        .filter((name) =>
          new RegExp(`choices\\.${topic}\\b|\\{[^{}=]*\\b${topic}\\b[^{}=]*\\}: (?:Pick<)?(?:Choices|Framing)`).test(
            text(room + name),
          ),
        )
        .filter((name) => !files.includes(room + name));
      expect(others).toEqual([]);
    },
  );
});

describe("the last look before sending", () => {
  /** A refund is in cipher, whatever else is the matter with it; a purchase is as long as the model has it. */
  const sample = (control: number, di: string | null, level = 0, bytes = 32) => {
    const digits = (di ?? "").replaceAll("x", "0");
    const data = new Uint8Array(bytes);
    data.set(Uint8Array.from(Buffer.from(digits, "hex")).reverse());
    if (control === 0x14) data[4] = level;
    return { address: "202611220001", control, data };
  };
  const levelOf = (text: string | undefined) => Number.parseInt(text ?? "0", 16);
  const purchase = (profile: ModelProfile) => Number.parseInt(profile.choices.purchase, 16);

  test.each(profiles.map((profile) => [profile.name, profile] as const))(
    "%s: nothing dangerous that it does not name",
    (_name, profile) => {
      for (const { control, di } of dangers) {
        const named = profile.orders.find((order) => order.control === control && order.di === (di ?? "").replaceAll("x", "0"));
        const answer = permit(profile, sample(control, di, levelOf(profile.proof.levels?.cipher)));
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

  test.each([
    ["040004FF", "it gives the meter another address"],
    ["0400FF01", "it gives the meter another address"],
    ["04FF0402", "it gives the meter another number"],
    ["FFFFFFFF", "it writes energy registers"],
    ["04000CFF", "it changes a password"],
    ["0400FF05", "it changes a password"],
    ["040010FF", "it takes money back"],
    ["01010000", "it writes maximum demands"],
    ["03300D00", "it writes event records"],
    ["FF010000", "it writes energy registers"],
  ])("%s covers what no model is written: FF stands for all of a level", (di, why) => {
    for (const profile of profiles.filter(({ functions }) => functions.includes(0x14)))
      for (const level of [0x02, levelOf(profile.proof.levels?.cipher)]) {
        const answer = permit(profile, sample(0x14, di, level));
        // What a level covers first may differ; that it is denied may not.
        expect(answer, `${profile.name} ${di}`).toMatchObject({ allowed: false });
        if (profile.name === "standard-wallet") expect(answer).toMatchObject({ why: expect.stringContaining(why) as string });
      }
  });

  test("an FF that covers nothing dangerous is written, and one that covers what a profile denies is not", () => {
    const meter = profileOf("standard-wallet")!;
    for (const di of ["040502FF", "040605FF", "0400010C", "04050101"])
      expect(permit(meter, sample(0x14, di, 0x98)), di).toEqual({ allowed: true, money: false });
    const denied = { control: 0x14, di: "04050201", what: "set the price", money: true, destructive: true } as const;
    const careful = { ...meter, orders: [...meter.orders, denied] };
    expect(permit(careful, sample(0x14, "040502FF", 0x98))).toMatchObject({ allowed: false, why: "14 040502FF: set the price" });
    expect(permit(careful, sample(0x14, "04050202", 0x98)).allowed).toBe(true);
    // Allowing one by its name does not allow all of its level.
    const allowed = { ...denied, di: "04000401", allowed: true } as const;
    const free = { ...meter, orders: [...meter.orders, allowed] };
    expect(permit(free, sample(0x14, "04000401", 0x98)).allowed).toBe(true);
    expect(permit(free, sample(0x14, "040004FF", 0x98)).allowed).toBe(false);
  });

  test("a write carries a level of its own family, and a refund the one with a cipher", () => {
    for (const profile of profiles.filter(({ functions }) => functions.includes(0x14))) {
      const { levels } = profile.proof;
      const known = [levels?.clear, levels?.cipher];
      for (const level of ["96", "97", "98", "99", "90", "10", "0A", "FF"])
        expect(permit(profile, sample(0x14, "0400010C", levelOf(level))).allowed, `${profile.name} ${level}`).toBe(
          known.includes(level as "98"),
        );
      for (const level of ["00", "02", "04"])
        expect(permit(profile, sample(0x14, "0400010C", levelOf(level))).allowed, `${profile.name} ${level}`).toBe(true);
      const money = profile.refund?.di === "04001006";
      for (const level of ["02", "96", "97", "98", "99"])
        expect(permit(profile, sample(0x14, "04001006", levelOf(level))).allowed, `${profile.name} refund ${level}`).toBe(
          money && level === levels?.cipher,
        );
    }
    expect(permit(profileOf("standard-wallet")!, sample(0x14, "0400010C", 0x96))).toMatchObject({
      why: "14 0400010C: level 96, where this model knows 99 and 98",
    });
    expect(permit(profileOf("order-number-4g")!, sample(0x14, "0400010C", 0x98)).allowed).toBe(false);
    // Too short to have a level at all.
    expect(permit(profileOf("standard-wallet")!, sample(0x14, "04001006", 0, 5)).allowed).toBe(false);
  });

  test("a purchase has the layout of its model, and another vendor's does not leave", () => {
    for (const profile of profiles)
      for (const order of profile.orders.filter(({ di }) => di === "070102FF" || di === "070101FF"))
        for (const length of [24, 28, 30, 34, 40])
          expect(permit(profile, sample(0x03, order.di, 0, length)).allowed, `${profile.name} ${length}`).toBe(
            length === purchase(profile),
          );
    expect(permit(profileOf("standard-wallet")!, sample(0x03, "070102FF", 0, 34))).toMatchObject({
      why: "03 070102FF: 34 bytes; a purchase of a standard-wallet has 30",
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

  test("a relay is ordered at a level of passwords or at the one with a cipher", () => {
    for (const profile of profiles)
      for (const level of ["00", "02", "04", "09", "0A", "10", "96", "97", "98", "99", "FF"]) {
        const data = new Uint8Array(28);
        data.set([levelOf(level)], 0);
        data.set([relayOrders.disconnect.byte], 8);
        expect(permit(profile, { address: "202611220001", control: 0x1c, data }).allowed, `${profile.name} ${level}`).toBe(
          /^0\d$/.test(level) || level === profile.proof.levels?.cipher,
        );
      }
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
