/** A meter of the street and a master that was written apart from everything else here: over TCP, bytes and nothing but bytes. */
import { connect } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import type { MeterPlan, Street } from "../../simulator/street.ts";
import { Master } from "./support/master.ts";
import { raise } from "./support/street.ts";

const ADDRESS = "202611220001";
/** Not the address: whoever mixes them up fails. */
const NUMBER = "000000345678";
const CUSTOMER = "000000123456";
/** Asked after every request: what comes before this answer is the answer to the request, and nothing is silence. */
const ASK_NAME = Buffer.from("68AAAAAAAAAAAA681300DF16", "hex");
const NAME = Buffer.from("680100221126206893063433554459538F16", "hex");

interface Scene {
  readonly street: Street;
  readonly master: Master;
  /** What the meter says to a top-up: "yes" or the two error bytes. */
  readonly pay: (changes?: object) => Promise<string>;
}

async function scene(plan: Partial<MeterPlan> = {}): Promise<Scene> {
  const street = await raise({
    speed: 0,
    buses: [{ id: "t", endpoint: { kind: "tcp", port: 0 } }],
    meters: [
      {
        address: ADDRESS,
        bus: "t",
        meterNumber: NUMBER,
        customerNumber: CUSTOMER,
        balance: "10.00",
        purchaseCount: 7,
        loadKw: 0,
        energyKwh: "1234.56",
        ...plan,
      },
    ],
  });
  const socket = connect({ port: street.endpoints[0]!.at as number, host: "127.0.0.1", noDelay: true });
  onTestFinished(() => void socket.destroy());
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  const line = async (bytes: Buffer): Promise<Buffer> => {
    let came: Buffer = Buffer.alloc(0);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const hear = (chunk: Buffer): void => {
      came = Buffer.concat([came, chunk]);
      if (came.subarray(-NAME.length).equals(NAME)) resolve(undefined);
    };
    socket.on("data", hear);
    socket.write(Buffer.concat([bytes, ASK_NAME]));
    await promise;
    socket.off("data", hear);
    return came.subarray(0, -NAME.length);
  };
  const master = new Master(line, ADDRESS);
  const pay = async (changes = {}): Promise<string> => {
    const heard = await master.topUp(NUMBER, { fen: 5_000, count: 8, customer: CUSTOMER, ...changes });
    return heard?.control === 0x83 ? "yes" : (heard?.data.toString("hex") ?? "silence");
  };
  return { street, master, pay };
}

const errorOf = (heard: { control: number; data: Buffer } | undefined): string =>
  heard === undefined ? "silence" : `${heard.control.toString(16)} ${heard.data.toString("hex")}`;

test("reads, disconnects, restores and tops up", async () => {
  const { master, pay } = await scene();
  expect(await master.read("00010000")).toBe("00123456");
  expect(errorOf(await master.order(0x1a))).toBe("9c ");
  expect(await master.read("04000503")).toBe("0250");
  expect(await master.read("1d000201")).toBe("12345678");
  expect(errorOf(await master.order(0x1c))).toBe("9c ");
  expect(await master.read("04000503")).toBe("0200");
  expect((await master.authenticate(NUMBER))?.control).toBe(0x83);
  expect(await pay()).toBe("yes");
  expect([await master.read("00900200"), await master.read("03330201")]).toEqual(["00006000", "0008"]);
});

describe("what the meter does not take", () => {
  test("a wrong checksum meets silence, and nothing is done", async () => {
    const { street, master } = await scene();
    const spoil = (bytes: Buffer): Buffer => {
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 2) ^ 0x01, bytes.length - 2);
      return bytes;
    };
    expect(await master.say(0x11, Buffer.from("00000100", "hex"), { spoil })).toBeUndefined();
    // It heard nothing but the question for its name.
    expect(street.snapshot(ADDRESS).heard).toBe(1);
    expect(await master.read("00010000")).toBe("00123456");
  });

  test("another address meets silence", async () => {
    const { master } = await scene();
    expect(await master.say(0x11, Buffer.from("00000100", "hex"), { address: "202611220009" })).toBeUndefined();
  });

  test("an order to the wildcard AA meets silence, a reading of it does not", async () => {
    const { street, master } = await scene();
    const order = Buffer.from("0200000078563412" + "1A00" + "595923311299", "hex");
    expect(await master.say(0x1c, order, { address: "AAAAAAAAAAAA" })).toBeUndefined();
    expect(street.snapshot(ADDRESS).relay).toBe("connected");
    expect(await master.say(0x11, Buffer.from("00000100", "hex"), { address: "AAAAAAAAAAAA" })).toMatchObject({
      address: ADDRESS,
    });
  });

  test("an expired deadline is ERR 04", async () => {
    const { street, master } = await scene();
    expect(errorOf(await master.order(0x1a, { deadline: "200101000000" }))).toBe("dc 04");
    expect(street.snapshot(ADDRESS).relay).toBe("connected");
  });

  test("a wrong password is ERR 04", async () => {
    const { street, master } = await scene();
    expect(errorOf(await master.order(0x1a, { password: "654321" }))).toBe("dc 04");
    expect(street.snapshot(ADDRESS).relay).toBe("connected");
  });

  const refusals: readonly [string, string, object, Partial<MeterPlan>][] = [
    ["a wrong MAC", "0400", { badMac: true }, {}],
    ["a repeated count", "0200", { count: 7 }, {}],
    ["a gap in the count", "2000", { count: 9 }, {}],
    ["the wrong customer", "1000", { customer: "000000654321" }, {}],
    ["more than may be hoarded", "4000", {}, { hoardingLimit: "59.99" }],
  ];
  test.each(refusals)("%s is SERR %s, lowest byte first, and moves no money", async (_what, serr, changes, plan) => {
    const { street, master, pay } = await scene(plan);
    expect(await pay(changes)).toBe("0800");
    await master.authenticate(NUMBER);
    expect(await pay(changes)).toBe(serr);
    expect(street.snapshot(ADDRESS)).toMatchObject({ balance: "10.00", purchaseCount: 7 });
  });

  test("a proof of identity for the address instead of the meter number is SERR 0001", async () => {
    const { master } = await scene();
    expect(errorOf(await master.authenticate(ADDRESS))).toBe("c3 0100");
  });
});
