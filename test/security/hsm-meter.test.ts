/**
 * From the gateway's session through a cipher machine to the meter's own chip: three programs, two of them over sockets, agree on a
 * top-up and a trip. And what the meter sees when the machine does not do its part: nothing, or an order that it refuses.
 */
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { CipherServerMode } from "../../simulator/cipher-server-modes.ts";
import type { CipherServer } from "../../simulator/cipher-server.ts";
import { later, minutes } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { Fen } from "../../src/kernel/money.ts";
import type { HsmModule } from "../../src/security/hsm.ts";
import { A, raiseHouse, type House, type HouseOptions } from "../devices/house.ts";
import { untilTrue } from "../api/door.ts";
import { bytes, cipherServer, startedHsm } from "../support/hsm.ts";

interface Street extends House {
  readonly server: CipherServer;
  readonly hsm: HsmModule;
}

async function raise(options: HouseOptions = {}): Promise<Street> {
  const server = await cipherServer();
  const hsm = await startedHsm(server.port, { deadlineMs: 300 });
  const house = await raiseHouse({ carrier: "tcp", security: hsm, ...options });
  onTestFinished(() => house.close());
  return { ...house, server, hsm };
}

const yuan = (n: number): Fen => Fen(BigInt(n * 100));
const soon = (house: House) => ({ notAfter: later(house.clock.now(), minutes(10)) });
const first = { amount: yuan(100), count: 1, opening: false } as const;
/** Requests on the wires that carried money (070102FF), a write, or an order to the relay. */
const orders = (house: House): number =>
  house.simulator.frames(A).filter(({ direction, hex }) => {
    const wire = hex.replaceAll(" ", "");
    return direction === "request" && (wire.includes("3235343A") || /^(FE)*68.{12}68(1C|14)/.test(wire));
  }).length;

test("a top-up and a trip are obeyed, and the wallet's own MACs are genuine", async () => {
  const house = await raise({ meters: [{ meterNumber: "000000345678" }] });
  const session = await house.session();
  expect(await session.readWallet()).toMatchObject({ count: 0, balance: yuan(50) });
  expect((await session.topUp(first, soon(house))).sent).toBe("acknowledged");
  expect(await session.readWallet()).toMatchObject({ count: 1, balance: yuan(150) });
  expect((await session.orderRelay("disconnect", soon(house))).sent).toBe("acknowledged");
  expect(await session.readRelay()).toMatchObject({ relay: "disconnected" });
  expect(house.simulator.snapshot(A).obeyed).toMatchObject({ topUps: 1, disconnects: 1 });
  expect(orders(house)).toBe(2);
  expect(house.server.heard).toMatchObject({ "protect-top-up": 1, "protect-control": 1, "check-wallet": 2 });
  await session.close();
});

test("a meter whose account is opened by its first purchase", async () => {
  const house = await raise({ meters: [{ opened: false, balance: "0.00" }] });
  const session = await house.session();
  expect((await session.topUp({ ...first, opening: true }, soon(house))).sent).toBe("acknowledged");
  expect(await session.readWallet()).toMatchObject({ count: 1, balance: yuan(100), accountOpened: true });
  await session.close();
});

test("a parameter, an alarm amount, a refund and the time are written, each by its own verb of the machine", async () => {
  const house = await raise({ meters: [{ meterNumber: "000000345678", clockOffsetMs: minutes(90) }] });
  const session = await house.session();
  const writes = [
    ["04001401", bytes("2500")],
    ["04001001", bytes("00300000")],
    ["04001006", bytes("E8030000")],
  ] as const;
  for (const [di, data] of writes)
    expect(await session.writeSecured(di, data, soon(house))).toMatchObject({ sent: "acknowledged" });
  expect(await session.readTripDelayMinutes()).toBe(25);
  expect((await session.read(["04001001"], "person"))[0]).toMatchObject({ value: "30.00" });
  expect(await session.readWallet()).toMatchObject({ balance: yuan(40) });
  expect(await session.setClock("write", house.clock.now(), soon(house))).toMatchObject({ sent: "acknowledged" });
  expect(Math.abs((await session.readClock()).aheadMs!)).toBeLessThan(3_000);
  expect(house.simulator.snapshot(A).obeyed).toMatchObject({ refunds: 1 });
  expect(house.server.heard).toMatchObject({ "seal-write": 1, "protect-refund": 1 });
  expect(house.server.heard["protect-write"]).toBeGreaterThanOrEqual(2); // a told time that grew old is made anew
  await session.close();
});

describe("nothing reaches the meter while the machine is away, and the next try is as good as new", () => {
  const away: readonly (readonly [CipherServerMode, RegExp])[] = [
    ["refusing", /declined/],
    ["slow", /within 300 ms/],
    ["mute", /within 300 ms/],
    ["gone", /closed the connection/],
    ["garbage", /no JSON/],
    ["oversized", /longer than 4096/],
  ];
  test.each(away)("%s", async (mode, why) => {
    const house = await raise();
    const session = await house.session();
    await session.readWallet(); // the identity is proved already: what fails is the order itself
    house.server.mode = mode;
    const mark = vi.fn(() => Promise.resolve());
    const options = { ...soon(house), beforeFirstByte: mark };
    const failed = async (order: Promise<unknown>): Promise<string> => {
      const error: unknown = await order.catch((reason: unknown) => reason);
      expect(isFault(error, "security-unavailable")).toBe(true);
      return (error as Error).message;
    };
    expect(await failed(session.topUp(first, options))).toMatch(why);
    await failed(session.orderRelay("disconnect", options));
    await failed(session.writeSecured("04001006", bytes("E8030000"), options));
    await failed(session.writeSecured("04001001", bytes("00300000"), options));
    await failed(session.setClock("write", house.clock.now(), options));
    expect(mark).not.toHaveBeenCalled();
    expect(orders(house)).toBe(0);
    expect(house.simulator.snapshot(A)).toMatchObject({ balance: "50.00", relay: "connected" });
    house.server.mode = "honest";
    await untilTrue("the machine to be asked again", () => house.hsm.machine !== null);
    expect((await session.topUp(first, soon(house))).sent).toBe("acknowledged");
    expect(house.simulator.snapshot(A)).toMatchObject({ balance: "150.00", obeyed: { topUps: 1 } });
    await session.close();
  });

  test("an identity cannot be begun either: the meter is not even asked", async () => {
    const house = await raise();
    house.server.mode = "refusing";
    const session = await house.session();
    await expect(session.readWallet()).rejects.toSatisfy((error) => isFault(error, "security-unavailable"));
    expect(session.evidence).toEqual([]);
    await session.close();
  });
});

test("wrong MACs are refused by the meter's chip, and change nothing there", async () => {
  const house = await raise();
  const session = await house.session();
  await session.readWallet();
  house.server.mode = "wrong-macs";
  expect(await session.topUp(first, soon(house))).toMatchObject({ sent: "refused", fault: "mac-refused" });
  expect(await session.orderRelay("disconnect", soon(house))).toMatchObject({ sent: "refused" });
  // Two are enough for one day, whatever they protected.
  await expect(session.writeSecured("04001006", bytes("E8030000"), soon(house))).rejects.toSatisfy((error) =>
    isFault(error, "security-suspended"),
  );
  expect(house.simulator.snapshot(A)).toMatchObject({ balance: "50.00", purchaseCount: 0, relay: "connected" });
  await session.close();
});
