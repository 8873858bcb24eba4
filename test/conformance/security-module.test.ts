/**
 * One suite for both security modules: the published keys in software, and a cipher machine with the same keys behind a connection. The
 * worked examples of scheme DL645-TEST-1 byte for byte; the frames beside them were computed by two unrelated programs, and here stand
 * the values before they are turned round for the wire.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Chance } from "../../src/kernel/chance.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { SecurityModule } from "../../src/security/security-module.ts";
import { softwareModule } from "../../src/security/software-module.ts";
import { A, B, bytes, cipherServer, examples, hex, purchase, session, startedHsm, trip, wallet } from "../support/hsm.ts";

const software = (chance: Chance): SecurityModule => softwareModule({ chance, log: silentLog, mode: "test" });

const modules: readonly (readonly [string, (chance: Chance) => Promise<SecurityModule>])[] = [
  ["the software module", (chance) => Promise.resolve(software(chance))],
  ["an HSM", async (chance) => startedHsm((await cipherServer({ chance })).port)],
];

describe.each(modules)("%s", (_title, raise) => {
  const raised = (): Promise<SecurityModule> => raise(examples());

  test("examples 1 and 9: cipher 1 of two meters, of which one has another number than its address", async () => {
    const module = await raise(examples("0102030405060708", "1112131415161718"));
    const first = await module.beginIdentity(A);
    expect([first.cipher1, first.random1, first.factor].map(hex)).toEqual([
      "18FB8A707FB28FE9",
      "0102030405060708",
      "0000202611220001",
    ]);
    const second = await module.beginIdentity(B);
    expect([second.cipher1, second.factor].map(hex)).toEqual(["DD9DBA95CACAF806", "0000000000345678"]);
  });

  test("example 3: both MACs of a top-up of 100.00 yuan, count 8", async () => {
    const { mac1, mac2 } = await (await raised()).protectTopUp(A, session, purchase);
    expect([mac1, mac2].map(hex)).toEqual(["774E9BED", "D28AEC92"]);
  });

  test("example 4: the MACs of a wallet reply are genuine, and one changed fen is noticed", async () => {
    const module = await raised();
    expect(await module.checkWallet(A, session, wallet)).toBe(true);
    expect(await module.checkWallet(A, session, { ...wallet, balanceFen: 12_346n })).toBe(false);
    expect(await module.checkWallet(A, session, { ...wallet, count: 9 })).toBe(false);
    expect(await module.checkWallet(A, session, { ...wallet, countMac: bytes("23AFFAEA") })).toBe(false);
    expect(await module.checkWallet(B, session, wallet)).toBe(false);
  });

  test("example 5: the block of a secured trip, cipher then MAC", async () => {
    expect(hex(await (await raised()).protectControl(A, session, trip))).toBe("D869BD5370A0D4F3A9A2059DDA7EE0BBACCCD911");
  });

  test("example 6: the MAC of a write in the clear, alarm amount 1", async () => {
    const mac = await (await raised()).sealWrite!(A, session, { dataItem: "04001001", data: bytes("00003000") });
    expect(hex(mac)).toBe("C2071AE8");
  });

  test("example 7: date and time under a cipher, and the MAC over it", async () => {
    const write = { dataItem: "0400010C", plain: bytes("0B0400010C26112200100500") };
    const { cipher, mac } = await (await raised()).protectWrite!(A, session, write);
    expect([cipher, mac].map(hex)).toEqual(["9274F6BB9B8A566A493322D5E34EFB8A", "7358F00E"]);
  });

  test("example 8: a refund of 10.00 yuan, its inner MAC under the cipher", async () => {
    const { cipher, mac } = await (await raised()).protectRefund!(A, session, { amountFen: 1_000n });
    expect([cipher, mac].map(hex)).toEqual(["34C378074A40475CFC3761712D37636C", "AF59C77B"]);
  });

  test("both MACs of a wallet that is wiped, and of one that is left for remote mode: of each meter and each value something else", async () => {
    const module = await raised();
    const purse = bytes("0000000000000008");
    const made = [
      await module.protectPurseReset!(A, session, { amountFen: 0n }),
      await module.protectPurseReset!(B, session, { amountFen: 0n }),
      await module.protectModeSwitch!(A, session, { mode: "remote", purse }),
      await module.protectModeSwitch!(B, session, { mode: "remote", purse }),
    ].flatMap(({ mac1, mac2 }) => [mac1, mac2].map(hex));
    expect(made.every((mac) => /^[0-9A-F]{8}$/.test(mac))).toBe(true);
    expect(new Set(made).size).toBe(8);
    const local = await module.protectModeSwitch!(A, session, { mode: "local", purse });
    expect([hex(local.mac1) === made[4], hex(local.mac2) === made[5]]).toEqual([false, true]); // the purse is the same
    const short = { mode: "remote", purse: bytes("00") } as const;
    await expect(module.protectModeSwitch!(A, session, short)).rejects.toThrow(/purse has 8 bytes/);
    await expect(module.protectPurseReset!(A, session, { amountFen: 1n << 32n })).rejects.toThrow(/32 bits/);
  });

  test("what does not fit in the frame is our own mistake, and loud", async () => {
    const module = await raised();
    const tooMuch = { amountFen: 1n << 32n };
    await expect(module.protectTopUp(A, session, { ...purchase, ...tooMuch })).rejects.toThrow(/32 bits/);
    await expect(module.protectTopUp(A, session, { ...purchase, customerNumber: "1" })).rejects.toThrow(/^customerNumber/);
    await expect(module.protectRefund!(A, session, tooMuch)).rejects.toThrow(/32 bits/);
    await expect(module.protectControl(A, session, bytes("1A00"))).rejects.toThrow(/eight plain bytes/);
    await expect(module.beginIdentity({ meterNumber: "1" })).rejects.toThrow(/^meterNumber/);
    const write = { dataItem: "0400010", plain: bytes("00"), data: bytes("00") };
    await expect(module.protectWrite!(A, session, write)).rejects.toThrow(/^dataItem/);
    await expect(module.sealWrite!(A, session, write)).rejects.toThrow(/^dataItem/);
    const none = { dataItem: "04001001", plain: bytes(""), data: bytes("") };
    await expect(module.protectWrite!(A, session, none)).rejects.toThrow(/^plain has 1 to 256 bytes/);
    await expect(module.sealWrite!(A, session, none)).rejects.toThrow(/^data has 1 to 256 bytes/);
  });
});

test("both make the same of any write of any length, and of each meter and item something else", async () => {
  const hsm = await startedHsm((await cipherServer()).port);
  const soft = software(seededChance(1));
  const value = fc.uint8Array({ minLength: 1, maxLength: 251 });
  const item = fc.constantFrom("04001001", "040502FF", "0400010C", "04001401");
  await fc.assert(
    fc.asyncProperty(value, item, fc.constantFrom(A, B), async (data, dataItem, meter) => {
      const plain = Uint8Array.from([data.length + 4, ...bytes(dataItem), ...data]);
      const made = await hsm.protectWrite(meter, session, { dataItem, plain });
      expect(made).toEqual(await soft.protectWrite!(meter, session, { dataItem, plain }));
      expect(made.cipher).toHaveLength((Math.floor(plain.length / 16) + 1) * 16);
      const mac = await hsm.sealWrite(meter, session, { dataItem, data });
      expect(mac).toEqual(await soft.sealWrite!(meter, session, { dataItem, data }));
      const others = [
        await hsm.sealWrite(meter === A ? B : A, session, { dataItem, data }),
        await hsm.sealWrite(meter, session, { dataItem: dataItem === "04001001" ? "04001002" : "04001001", data }),
        await hsm.sealWrite(meter, { ...session, random2: bytes("A1B2C3D5") }, { dataItem, data }),
      ];
      for (const other of others) expect(other).not.toEqual(mac);
    }),
    { numRuns: 60 },
  );
});

test("and the same of any refund, any purchase, any wallet wiped and any left for another mode", async () => {
  const hsm = await startedHsm((await cipherServer()).port);
  const soft = software(seededChance(1));
  const money = fc.bigInt({ min: 0n, max: 0xffff_ffffn });
  await fc.assert(
    fc.asyncProperty(money, fc.nat(0xffff_ffff), fc.constantFrom(A, B), async (amountFen, count, meter) => {
      expect(await hsm.protectRefund(meter, session, { amountFen })).toEqual(
        await soft.protectRefund!(meter, session, { amountFen }),
      );
      expect(await hsm.protectPurseReset(meter, session, { amountFen })).toEqual(
        await soft.protectPurseReset!(meter, session, { amountFen }),
      );
      const change = {
        mode: count % 2 === 0 ? "local" : "remote",
        purse: Uint8Array.from(Buffer.alloc(8, count % 251)),
      } as const;
      expect(await hsm.protectModeSwitch(meter, session, change)).toEqual(await soft.protectModeSwitch!(meter, session, change));
      const one = { ...purchase, dataItem: "070101FF", amountFen, count } as const;
      expect(await hsm.protectTopUp(meter, session, one)).toEqual(await soft.protectTopUp(meter, session, one));
    }),
    { numRuns: 60 },
  );
});
