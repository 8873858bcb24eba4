/** Each scenario that comes with the street, played: what its comment tells is what happens. */
import { expect, test } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { fromHex, hex, reversed } from "../../simulator/bytes.ts";
import { shippedScenarios } from "../../simulator/scenario-file.ts";
import { writeFrame } from "../../simulator/wire.ts";
import { callee } from "./faults/callee.ts";
import { authenticate, purchaseData } from "./support/frames.ts";
import { DAY, HOUR } from "./support/life.ts";
import { Master } from "./support/master.ts";
import { planOf, played } from "./support/scenario.ts";
import { Ear, raise, readRequest, until } from "./support/street.ts";

const [ONE, TWO, THREE] = ["202611220001", "202611220002", "202611220003"] as const;
const MINUTE = HOUR / 60;
const FORWARD = "00010000";
const LAST_SETTLEMENT = "00010001";
const WORD_1 = "04000501";
const WORD_3 = "04000503";

const bit = (word: string, number: number): boolean => ((Number.parseInt(word, 16) >> number) & 1) === 1;

test("every scenario has a summary of its own, and the street can be raised from it by name", () => {
  const scenarios = shippedScenarios();
  expect(scenarios.length).toBeGreaterThanOrEqual(13);
  for (const { name, tells } of scenarios) {
    expect(tells.length).toBeGreaterThan(60);
    expect(planOf("--scenario", name).meters.length).toBeGreaterThan(0);
  }
});

test("first-top-up: an account opened brings light, and so does money to a meter that ran dry", async () => {
  const { street, master } = await played("first-top-up");
  const meter = street.meter(ONE);
  expect(street.snapshot(ONE)).toMatchObject({ opened: false, relay: "disconnected", balance: "0.00" });
  street.advance(2.5 * HOUR);
  expect(street.snapshot(ONE)).toMatchObject({ opened: false, relay: "disconnected", loadKw: 0 });
  expect(street.snapshot(TWO)).toMatchObject({ relay: "disconnected", balance: "0.00", consumed: "1.00" });
  expect(street.story.told.map(({ at }) => at.slice(11, 16))).toEqual(["18:00", "18:30", "19:30"]);

  const ask = (control: number, data: Uint8Array): { control: number; data: string } => {
    const answer = meter.hear({ address: ONE, control, data });
    if (answer === undefined || answer === "silent") throw new Error("silence");
    return { control: answer.control, data: hex(answer.data) };
  };
  const random2 = hex(reversed(fromHex(authenticate({ meter, ask }).data).slice(4, 8)));
  const opening = purchaseData(meter, { amount: 10_000n, count: 1n, customer: "002611220001", random2, di: "070101FF" });
  expect(ask(0x03, opening).control).toBe(0x83);
  expect(street.snapshot(ONE)).toMatchObject({ opened: true, relay: "connected", balance: "100.00", loadKw: 2 });

  const next = master(TWO);
  await next.authenticate(TWO);
  expect((await next.topUp(TWO, { fen: 5_000, count: 1, customer: "002611220002" }))?.control).toBe(0x83);
  expect(street.snapshot(TWO)).toMatchObject({ relay: "connected", balance: "50.00", purchaseCount: 1 });
  street.advance(HOUR);
  // Two and three kilowatts for an hour, at 0.5283.
  expect([street.snapshot(ONE).consumed, street.snapshot(TWO).consumed]).toEqual(["1.05", "2.58"]);
});

test("month-end: settled by each meter's own clock, new steps and prices at midnight, the dark house afterwards", async () => {
  const { street, master } = await played("month-end");
  street.advance(4 * HOUR - 1_000);
  expect(street.snapshot(ONE)).toMatchObject({ price: "0.8283" });
  expect(street.snapshot(THREE)).toMatchObject({ powered: false });
  street.advance(1_000);
  expect(street.snapshot(ONE)).toMatchObject({ price: "0.5583" });
  street.advance(5 * MINUTE);
  expect(Number(await master(ONE).read(LAST_SETTLEMENT))).toBeGreaterThan(0);
  expect(Number(await master(TWO).read(LAST_SETTLEMENT))).toBe(0);
  expect(await master(THREE).say(0x11, Buffer.from("00000100", "hex"))).toBeUndefined();
  street.advance(5 * MINUTE);
  expect(Number(await master(TWO).read(LAST_SETTLEMENT))).toBeGreaterThan(0);
  street.advance(50 * MINUTE);
  expect(street.snapshot(THREE)).toMatchObject({ powered: true });
  const [now, then] = [await master(THREE).read(FORWARD), await master(THREE).read(LAST_SETTLEMENT)];
  expect(then).toBe(now);
});

test("storm-on-the-line: answers are lost and torn, the wires are down, and nobody's money is touched", async () => {
  const { street, master } = await played("storm-on-the-line");
  const addresses = [...street.meters.keys()];
  const understood = async (): Promise<number> => {
    let count = 0;
    for (const address of addresses) {
      const heard = await master(address)
        .say(0x11, Buffer.from("00000100", "hex").reverse())
        .catch(() => undefined);
      if (heard?.control === 0x91 && heard.address === address) count += 1;
    }
    return count;
  };
  expect(await understood()).toBe(addresses.length);
  street.advance(HOUR);
  let [good, all] = [0, 0];
  for (let minutes = 65; minutes < 175; minutes += 10) {
    street.advance(10 * MINUTE);
    good += await understood();
    all += addresses.length;
  }
  expect(good).toBeLessThan(all);
  expect(good).toBeGreaterThan(all / 4);
  street.advance(14 * MINUTE);
  expect(await understood()).toBe(0);
  street.advance(6 * HOUR);
  // What the last gust left behind is used up by the first questions.
  for (let i = 0; i < 3; i += 1) await understood();
  expect(street.weather.view).toMatchObject({ faultsPerHour: 0 });
  expect(await understood()).toBe(addresses.length);
  for (const address of addresses) {
    const { balance, consumed } = street.snapshot(address);
    expect(Math.round(Number(balance) * 100) + Math.round(Number(consumed) * 100)).toBe(8_000);
  }
});

test("welded-relay: open by its own word, and the kettle boils on until the fitter has been there", async () => {
  const { street, master } = await played("welded-relay");
  street.advance(2 * HOUR);
  const [welded, sound] = [master(ONE), master(TWO)];
  for (const each of [welded, sound]) expect(bit(await each.read(WORD_3), 4)).toBe(true);
  expect([bit(await welded.read(WORD_1), 8), bit(await sound.read(WORD_1), 8)]).toEqual([true, false]);
  // A thousandth of the hour more was needed to spend two yuan at one yuan a kWh: none.
  expect([await welded.read(FORWARD), await sound.read(FORWARD)]).toEqual(["00010400", "00010200"]);
  street.advance(13 * HOUR);
  const [then, later] = [await welded.read(FORWARD), (street.advance(HOUR), await welded.read(FORWARD))];
  expect(later).toBe(then);
  expect(then).toBe("00013000");
});

test("twin-address: two at once are nobody, the later one obeys what was meant for the first", async () => {
  const { street, master } = await played("twin-address");
  const meter = master(ONE);
  const own = await meter.read(FORWARD);
  expect(own).toBe("00032100");
  street.advance(2 * HOUR);
  await expect(meter.read(FORWARD)).rejects.toThrow();
  street.advance(DAY);
  // Both answers come, one after the other: a master that takes the first reads the right house.
  expect(await meter.read(FORWARD)).toBe("00034700");
  expect((await meter.order(0x1a))?.control).toBe(0x9c);
  expect(street.snapshot(ONE)).toMatchObject({ relay: "disconnected" });
  street.advance(DAY);
  expect(street.snapshot(ONE)).toMatchObject({ faults: [], relay: "disconnected" });
  expect(await meter.read(FORWARD)).toBe("00034700");
  const replies = street.frames(ONE).filter(({ direction }) => direction === "reply");
  const requests = street.frames(ONE).filter(({ direction }) => direction === "request");
  expect(replies.length).toBe(requests.length + 3);
});

test("year-end-queue: many run dry at the party, the price and the year's count change at midnight, money still helps", async () => {
  const { street, master } = await played("year-end-queue");
  const dark = (): string[] => [...street.meters.keys()].filter((address) => street.snapshot(address).relay !== "connected");
  expect(dark()).toEqual([]);
  expect(street.snapshot(ONE).price).toBe("0.5283");
  street.advance(5 * HOUR - 1);
  const cut = dark();
  expect(cut.length).toBeGreaterThan(5);
  expect(cut.length).toBeLessThan(50);
  const yearly = async (): Promise<number> => Number(await master(ONE).read("000B0000"));
  expect(await yearly()).toBeGreaterThan(50);
  expect(street.standingFaults()).toMatchObject([{ bus: "east", kind: "slow-drip" }]);
  street.advance(5 * MINUTE);
  expect(street.snapshot(ONE).price).toBe("0.6083");
  expect(await yearly()).toBeLessThan(20);
  const late = master(cut[0]!);
  await late.authenticate(cut[0]!);
  expect((await late.topUp(cut[0]!, { fen: 10_000, count: 1, customer: `00${cut[0]!.slice(2)}` }))?.control).toBe(0x83);
  expect(street.snapshot(cut[0]!)).toMatchObject({ relay: "connected", balance: "100.00", price: "0.6083" });
  street.advance(HOUR);
  expect(street.standingFaults()).toEqual([]);
});

test("one-second-before-the-cut: she never sat in the dark, he did for one second, the third still does", async () => {
  const { street, master } = await played("one-second-before-the-cut");
  street.advance(HOUR);
  const trips = (address: string): Promise<string> => master(address).read("1D000001");
  expect([await trips(ONE), await trips(TWO), await trips(THREE)]).toEqual(["000000", "000001", "000001"]);
  expect(await master(TWO).read("1D000101")).toBe("261122121640");
  expect(await master(TWO).read("1E000101")).toBe("261122121641");
  // 3600 s of a kilowatt-hour a thousand seconds; one of them in the dark.
  expect([ONE, TWO, THREE].map((address) => street.snapshot(address).consumed)).toEqual(["3.60", "3.59", "1.00"]);
});

test("swapped-meters: cutting flat one darkens flat two, until the cables are put right", async () => {
  const { street, master } = await played("swapped-meters");
  street.advance(3 * DAY);
  // What is asked of one is answered by the other, so flat one pays for flat two's heater.
  expect([await master(ONE).read(FORWARD), await master(TWO).read(FORWARD)]).toEqual(["00136000", "00100720"]);
  expect((await master(ONE).order(0x1a))?.control).toBe(0x9c);
  expect([street.snapshot(ONE).relay, street.snapshot(TWO).relay]).toEqual(["connected", "disconnected"]);
  expect((await master(ONE).order(0x1c))?.control).toBe(0x9c);
  street.advance(3 * DAY);
  expect((await master(ONE).order(0x1a))?.control).toBe(0x9c);
  expect([street.snapshot(ONE).relay, street.snapshot(TWO).relay]).toEqual(["disconnected", "connected"]);
});

test("the-concentrator-that-came-back: silent, then hanging up, then there again with every meter as it is", async () => {
  const gateway = await callee();
  const plan = planOf("--scenario", "the-concentrator-that-came-back");
  const buses = plan.buses.map((bus) => ({ ...bus, endpoint: { ...bus.endpoint, port: gateway.port, redialMs: 1 } as never }));
  const street = await raise({ ...plan, buses, clock: systemClock, speed: 0 });
  const first = await gateway.call(1);
  await until("it says who it is", () => first.text() === `hill-${ONE}`);
  first.socket.write(readRequest(TWO, FORWARD));
  await until("meter two answers", () => first.bytes().length > `hill-${ONE}`.length);

  street.advance(10 * MINUTE);
  expect(street.bus("hill").isHalfOpen).toBe(true);
  street.advance(50 * MINUTE);
  first.socket.destroy();
  await until("it hangs up by itself", () => gateway.calls.slice(1).some((call) => call.isOver()));
  street.advance(70 * MINUTE);
  await until("it says who it is again", () => gateway.calls.slice(1).some((call) => call.text() === `hill-${ONE}`));

  const back = gateway.calls.at(-1)!;
  expect(street.snapshot(ONE)).toMatchObject({ relay: "disconnected", balance: "0.00", consumed: "2.00" });
  const master = new Master(async (bytes) => {
    const before = back.bytes().length;
    back.socket.write(bytes);
    const whole = (): boolean => back.bytes().length > before && back.bytes().at(-1) === 0x16;
    await until("an answer", whole);
    return Buffer.from(back.bytes().slice(before));
  }, ONE);
  await master.authenticate(ONE);
  await master.topUp(ONE, { fen: 3_000, count: 1, customer: "002611220001" });
  expect(street.snapshot(ONE)).toMatchObject({ relay: "connected", purchaseCount: 1 });
});

test("clock-gone-wrong: two minutes a day, then a year too early and every deadline good for ever, then right again", async () => {
  const { street, master } = await played("clock-gone-wrong");
  const [ill, well] = [master(ONE), master(TWO)];
  street.advance(DAY + HOUR);
  expect(bit(await ill.read(WORD_1), 2)).toBe(true);
  expect(await ill.read("04000102")).toBe("110205");
  expect(await well.read("04000102")).toBe("110000");
  street.advance(DAY);
  expect(await ill.read("04000101")).toBe("25112401");
  // An order that ran out yesterday: the healthy clock refuses it, the sick one has not come so far.
  const late = { deadline: "261123100000" };
  expect((await well.order(0x1a, late))?.control).toBe(0xdc);
  expect((await ill.order(0x1a, late))?.control).toBe(0x9c);
  expect((await ill.order(0x1c))?.control).toBe(0x9c);
  street.advance(DAY);
  expect([bit(await ill.read(WORD_1), 2), (await ill.read("04000101")).slice(0, 6)]).toEqual([false, "261125"]);
  expect((await ill.order(0x1a, late))?.control).toBe(0xdc);
});

test("what a step cannot do is told, and the street lives on", async () => {
  const { street } = await played("swapped-meters");
  const ear = new Ear();
  const end = street.memoryEnd("stairs");
  end.onBytes((bytes) => ear.hear(bytes));
  street.meter(ONE).address = "202611229999";
  street.advance(6 * DAY);
  expect(street.story.told.at(-1)).toMatchObject({ do: "mend", failed: expect.stringMatching(/meter/i) as string });
  end.send(writeFrame({ address: TWO, control: 0x11, data: fromHex("00000100") }, 0));
  await until("meter two answers", () => ear.replies.length === 1);
});
