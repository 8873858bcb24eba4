/**
 * Whether a street that is loaded remembers everything. A street is made to live until nearly every field of its meters holds
 * something else than at the beginning; it is saved and loaded; then both are laid open, private fields too, and compared.
 *
 * A field that never moves here is either made from the plan or the seed, and stands in the list below, or it is new: then
 * somebody has to keep it (`simulator/state/parts.ts`) and to move it here.
 */
import { expect, onTestFinished, test } from "vitest";
import { later } from "../../src/kernel/clock.ts";
import { fromHex } from "../../simulator/bytes.ts";
import { putSetting } from "../../simulator/life-settings.ts";
import { buildStreet } from "../../simulator/street.ts";
import type { Street } from "../../simulator/street.ts";
import type { StreetState } from "../../simulator/state/street-state.ts";
import { dataItemBytes, writeFrame } from "../../simulator/wire.ts";
import { disturb, leaves } from "./support/fields.ts";
import type { Leaf } from "./support/fields.ts";
import { METER_A, StillClock, plainOrder, writeData } from "./support/frames.ts";
import { DAY, HOUR, timeOfUse } from "./support/life.ts";
import { Master } from "./support/master.ts";

const B = "202611220002";
const C = "202611220003";

/** Other houses' rooms, and what is never remembered: classes as a whole, or single fields. */
const elsewhere: readonly string[] = [
  ...["StillClock", "CountedChance", "ChanceBook", "Street", "VirtualBus", "Wires"],
  // Made from the plan and the seed.
  ...["VirtualMeter.plan", "VirtualMeter.habits", "VirtualMeter#behaviours", "Wallet.price", "Supply.phases", "Supply#nominal"],
  ...["Supply#salt", "Curve#size", "Curve#salt", "PasswordLock#triesMax", "PasswordLock#lockMs", "ReadPosition#max"],
  ...["VirtualEsam#policy", "LineRate#usual", "FaultShelf#place"],
  // Who speaks with whom.
  ...["VirtualMeter.freezes", "VirtualMeter.demand", "VirtualMeter.uponClear", "VirtualMeter.line", "Relay#around", "Life#body"],
  ...[
    "ParameterStore#keeper",
    "VirtualMeter.time",
    "LineRate#clock",
    "StreetTime#clock",
    "Logbook#others",
    "Agenda#entries",
    "Demand#combinations",
    "Weather#sky",
    "Swaps#meters",
  ],
  // Worked out anew when somebody asks.
  ...["VirtualEsam#keys", "Household#hour", "Household#load"],
  // True only inside a step.
  "Life#switched",
  // From the plan; what is loaded is compared below. What was appointed is known to those who did, and standing is true only inside.
  ...["StreetTime#began", "StreetTime#appointments", "StreetTime#unhurried", "StreetTime#isStanding", "Story#steps"],
  ...["Story#around"],
  // Where the clock of the machine stands: another one's, after loading. What follows from these is compared below.
  ...["StreetTime#clockAt", "StreetTime#streetAt", "StreetTime#advanced"],
];
const isElsewhere = (name: string): boolean => elsewhere.includes(name) || name.endsWith(".keptAs");

interface House {
  readonly street: Street;
  readonly clock: StillClock;
}

async function raise(clock: StillClock, state?: StreetState): Promise<House> {
  const street = await buildStreet({
    clock,
    seed: 11,
    start: clock.now(),
    speed: 1.5,
    state,
    offline: true,
    weather: { faultsPerHour: 0 },
    story: [
      { at: "+1h", do: "patch", meter: B, set: { loadKw: 3 } },
      { at: "+900d", do: "patch", meter: B, set: { loadKw: 1 } },
    ],
    buses: [{ id: "b", endpoint: { kind: "memory" }, baud: 2_400 }],
    meters: [
      {
        address: METER_A,
        bus: "b",
        phases: 3,
        tariff: timeOfUse,
        solarKw: 2,
        alarm2: "1.00",
        alarm2Trips: true,
        readReplyMax: 20,
      },
      { address: B, bus: "b", balance: "99000.00", tripDelayMinutes: 600, clockDriftPpm: 40 },
      { address: C, bus: "b", balance: "500.00" },
    ],
  });
  onTestFinished(() => street.close());
  return { street, clock };
}

const whole = ({ street }: House): object => ({
  meters: [...street.meters.values()],
  bus: [street.bus("b").faults, street.bus("b").swaps, street.bus("b").rate],
  time: street.time,
  weather: street.weather,
  story: street.story,
});

/** Without the moment of the machine's clock at which the wires were heard last. */
const laidOpen = (house: House): Leaf[] => leaves(whole(house), isElsewhere).filter(({ path }) => !path.endsWith("/heardAt"));

/** A conversation beside the wires, which on a clock that stands would carry nothing. */
function say(street: Street, address: string, control: number, data: Uint8Array): Uint8Array {
  let answer: Uint8Array = new Uint8Array(0);
  const hush = street.events.listen((event) => {
    if (event.what === "frame" && event.direction === "reply") answer = event.bytes;
  });
  street.bus("b").hearAgain(writeFrame({ address, control, data }));
  hush();
  return answer;
}

const masterOf = (street: Street, address: string): Master =>
  new Master(async (bytes) => {
    const frame = bytes.subarray(bytes.indexOf(0x68));
    const data = Uint8Array.from(frame.subarray(10, -2), (byte) => (byte - 0x33) & 0xff);
    return Promise.resolve(Buffer.from(say(street, address, frame[8]!, data)));
  }, address);

async function live({ street, clock }: House): Promise<void> {
  const [a, c] = [street.meter(METER_A), street.meter(C)];
  const pass = (ms: number): void => {
    clock.ms += ms;
    for (const meter of street.meters.values()) meter.settle();
  };
  const write = (address: string, di: string, digits: string): Uint8Array => say(street, address, 0x14, writeData(di, digits));
  // Tables, switch times, holidays, weekends, settlement days, freezes, combination words, demand.
  for (const [di, field] of [
    ["04020000", "010202"],
    ["04020001", "000101"],
    ["040502FF", "11110000222200003333000044440000"],
    ["04000106", "0010230126"],
    ["04000801", "3E"],
    ["04000802", "02"],
    ["04030001", "02251126"],
    ["04000B02", "0015"],
    ["04000601", "09"],
    ["04000602", "45"],
    ["04000603", "54"],
    ["04000103", "30"],
    ["04000104", "02"],
    ["04000E01", "000010"],
    ["04000901", "3E"],
    ["04000A02", "3000"],
    ["04001202", "30"],
    ["04001203", "3001"],
    ["04000902", "0F"],
    ["04000A01", "00000301"],
    ["04001201", "0000010127"],
  ] as const)
    putSetting(a.life, di, fromHex(field));
  a.life.replan();
  a.life.tariff.steps[1] = { thresholds: [100n], prices: [1_000n, 2_000n], yearly: [{ month: 1, day: 1, hour: 0 }] };
  a.life.tariff.tables[1] = a.life.tariff.tables[1].with(2, [{ minute: 30, tariff: 2 }]);
  a.life.tariff.switchOver("steps", later(street.time.now(), 300 * DAY));
  a.life.freezes.appoint("99993030");
  say(street, METER_A, 0x16, fromHex("30019999"));
  a.life.freezes.freezeNow();
  pass(3 * DAY);
  write(METER_A, "04000306", "000123");
  write(METER_A, "04001001", "00002000");
  street.patch(METER_A, {
    ...{ balance: "70.00", opened: false, plainControl: false, keyState: "test", clockOffsetMs: 9_000, clockDriftPpm: -20 },
    ...{ solarKw: 3, coverOpen: true, volts: [null, 221, null], clockBatteryVolts: 3, failing: ["clock"] },
  });
  street.patch(B, { loadKw: 5, powerFactor: 0.8 });
  pass(40 * DAY);
  // A long answer is half read, passwords are wrong, the chip has seen a wrong MAC, power was off and is off again.
  say(street, METER_A, 0x11, dataItemBytes("0001FF00"));
  say(street, METER_A, 0x12, new Uint8Array([...dataItemBytes("0001FF00"), 1]));
  say(street, METER_A, 0x14, writeData("04000306", "000002", { password: "999999" }));
  say(street, METER_A, 0x1d, Uint8Array.of(1));
  street.powerOff(B);
  pass(2 * HOUR);
  street.powerOn(B);
  const master = masterOf(street, C);
  await master.authenticate(C);
  await master.topUp(C, { fen: 5_000, count: 1, customer: `00${C.slice(2)}` });
  await master.topUp(C, { fen: 5_000, count: 2, customer: `00${C.slice(2)}`, badMac: true });
  c.esam.setValidity(street.time.unhurried(), 7);
  c.refunds.push({ ...c.purchases[0]!, total: 0n });
  c.broadcastDay = c.day;
  c.passwords = { ...c.passwords, "04": "424242" };
  // A trip and a closing, then a trip that waits, and one that will end by itself.
  for (const n1 of [0x1a, 0x1b, 0x1c]) say(street, C, 0x1c, plainOrder(n1, { deadline: "991231235959" }));
  say(street, C, 0x1c, plainOrder(0x1d, { n2: 250, deadline: "991231235959" }));
  say(street, B, 0x1c, plainOrder(0x1a, { deadline: "991231235959" }));
  street.setFault(METER_A, { kind: "swapped-addresses", with: B });
  street.setFault(B, { kind: "lost-reply", times: 3 });
  street.setBusFault("b", { kind: "noise", times: 2 });
  street.changeWeather({ seed: 3, faultsPerHour: 2, kinds: { "slow-meter": { delayMs: 5, forMs: 30 * DAY } } });
  street.powerOff(METER_A);
  street.jumpTo(later(street.time.now(), -2 * HOUR));
  pass(HOUR);
  // What the weather does is done before an exchange.
  say(street, C, 0x11, dataItemBytes("00010000"));
  // At another rate, and silent for a second.
  say(street, C, 0x17, Uint8Array.of(0x10));
  clock.ms += 1_000;
  c.address = "202611220009";
  street.setSpeed(2);
}

const byField = (all: readonly Leaf[]): Map<string, string> => {
  const fields = new Map<string, string>();
  for (const { field, path, value } of all)
    if (field !== "" && !String(value).startsWith("as /"))
      fields.set(field, `${fields.get(field) ?? ""}${path}=${String(value)};`);
  return fields;
};

test("a loaded street remembers every field that its parts have, private ones too", async () => {
  const saved = await raise(new StillClock());
  const fresh = byField(laidOpen(saved));
  await live(saved);
  const before = byField(laidOpen(saved));
  disturb(whole(saved), (name) => isElsewhere(name) || ["StreetTime", "Weather", "MeterClock", "LineRate"].includes(name));
  const file = JSON.parse(JSON.stringify(saved.street.state())) as StreetState;

  const loaded = await raise(new StillClock("2031-01-01T00:00:00+08:00"), file);
  const [left, right] = [laidOpen(saved), laidOpen(loaded)];
  const there = new Map(right.map(({ path, value }) => [path, value]));
  const forgotten = left.filter(({ path, value }) => !there.has(path) || !Object.is(there.get(path), value));
  const told = forgotten.map(
    ({ field, path, value }) => `${field} at ${path}: ${String(value)}, loaded ${String(there.get(path))}`,
  );
  expect(told.slice(0, 20), "fields that nobody keeps").toEqual([]);
  expect(right).toHaveLength(left.length);
  const timeOf = ({ street: { time } }: House) => [time.now(), time.lived(), time.unhurried(), time.began, time.msUntilNext];
  expect(timeOf(loaded)).toEqual(timeOf(saved));

  const moved = byField(left);
  const unmoved = [...moved.keys()].filter(
    (field) => moved.get(field) === fresh.get(field) && before.get(field) === fresh.get(field),
  );
  expect(unmoved, "fields that this test never moved: keep them, and move them here").toEqual([]);
});
