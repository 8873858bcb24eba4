/** Frames as people print them: hex with blanks on one side, a meter that hears them on the other. */
import type { Chance } from "../../../src/kernel/chance.ts";
import { seededChance } from "../../../src/kernel/chance.ts";
import type { Clock, Instant } from "../../../src/kernel/clock.ts";
import { Instant as at } from "../../../src/kernel/clock.ts";
import { bcd, binary, fromHex, hex, joined, reversed } from "../../../simulator/bytes.ts";
import { isFor } from "../../../simulator/behaviours/address.ts";
import type { MeterPlan } from "../../../simulator/plans.ts";
import { StreetTime } from "../../../simulator/street-time.ts";
import { VirtualMeter } from "../../../simulator/virtual-meter.ts";
import type { Frame } from "../../../simulator/wire.ts";
import { dataItemBytes, FrameReader, writeFrame } from "../../../simulator/wire.ts";
import { cipher1, factorOf, macOf, sealBlock } from "./keys.ts";

export const METER_A = "202611220001";
const RANDOM_1 = fromHex("0102030405060708");

/** A clock that stands where it is put. `wait` is for nobody here. */
export class StillClock implements Clock {
  ms: number;
  constructor(iso = "2026-11-22T10:00:00+08:00") {
    this.ms = Date.parse(iso);
  }
  now(): Instant {
    return at(this.ms);
  }
  wait(): Promise<void> {
    return Promise.reject(new Error("nobody waits on a still clock"));
  }
}

/** Chance whose bytes are these, again and again: fixes the random 2 of the ESAM. */
export function fixedChance(bytes: string): Chance {
  const chance: Chance = { ...seededChance(1), bytes: () => fromHex(bytes), child: () => chance };
  return chance;
}

export interface Bench {
  readonly clock: StillClock;
  readonly time: StreetTime;
  readonly meter: VirtualMeter;
  /** Hex in, hex out, as one meter alone on the wires; "" is silence. */
  readonly say: (request: string) => string;
  /** The same with the data after its 33H, in hex; throws when the meter is silent. */
  readonly ask: (control: number, data: Uint8Array) => { control: number; data: string };
}

export function bench(plan: Partial<MeterPlan> = {}, options: { random2?: string; start?: string } = {}): Bench {
  const clock = new StillClock(options.start);
  const time = new StreetTime(clock);
  const chance = options.random2 === undefined ? seededChance(7) : fixedChance(options.random2);
  const meter = new VirtualMeter({ address: METER_A, bus: "b", loadKw: 0, ...plan }, { time, chance });
  const hear = (frame: Frame): string => {
    if (!isFor(frame, meter.address)) return "";
    const answer = meter.hear(frame);
    return answer === undefined || answer === "silent" ? "" : hex(writeFrame({ address: meter.address, ...answer }));
  };
  return {
    clock,
    time,
    meter,
    say: (request) =>
      new FrameReader()
        .push(fromHex(bare(request)), 0)
        .map(hear)
        .join(""),
    ask: (control, data) => {
      const reply = hear({ address: meter.address, control, data });
      const [frame] = new FrameReader().push(fromHex(reply), 0);
      if (frame === undefined) throw new Error("the meter stayed silent");
      return { control: frame.control, data: hex(frame.data) };
    },
  };
}

export const bare = (text: string): string => text.replaceAll(/\s/g, "");

/** 11H for one data item; the value in people's order (highest first), or "ERR 02". */
export function read({ ask }: Bench, di: string): string {
  const { control, data } = ask(0x11, dataItemBytes(di));
  return control === 0x91 ? hex(reversed(fromHex(data.slice(8)))) : `ERR ${data}`;
}

export const OPERATOR = fromHex("01000000");

/** 070000FF with the right proof for this meter. */
export const authenticate = (b: Pick<Bench, "meter" | "ask">): { control: number; data: string } =>
  b.ask(0x03, fromHex(`FF00000701000000${proofOf(b.meter)}`));

/** Cipher 1, random 1 and factor as they travel. */
function proofOf(meter: VirtualMeter): string {
  return hex(joined(reversed(cipher1(meter.meterNumber, RANDOM_1)), reversed(RANDOM_1), reversed(factorOf(meter.meterNumber))));
}

export interface Purchase {
  readonly amount: bigint;
  readonly count: bigint;
  readonly customer: string;
  readonly random2: string;
  readonly di?: "070101FF" | "070102FF";
  readonly badMac1?: boolean;
  readonly badMac2?: boolean;
}

export function purchaseData(
  meter: VirtualMeter,
  { amount, count, customer, random2, di = "070102FF", badMac1, badMac2 }: Purchase,
): Uint8Array {
  const head = { meterNumber: meter.meterNumber, random2, control: 0x03, di };
  const mac1 = macOf({ ...head, key: 4, tag: 1, data: joined(reversed(binary(amount, 4)), reversed(binary(count, 4))) });
  const mac2 = macOf({ ...head, key: 3, tag: 2, data: fromHex(customer) });
  if (badMac1) mac1[0]! ^= 1;
  if (badMac2) mac2[0]! ^= 1;
  return joined(
    dataItemBytes(di),
    OPERATOR,
    binary(amount, 4),
    binary(count, 4),
    reversed(mac1),
    reversed(fromHex(customer)),
    reversed(mac2),
  );
}

/** 1CH with a password. */
export function plainOrder(
  n1: number,
  { level = "02", password = "000000", deadline = "261122103000", n2 = 0 } = {},
): Uint8Array {
  return joined(fromHex(level), reversed(fromHex(password)), OPERATOR, Uint8Array.of(n1, n2), reversed(fromHex(deadline)));
}

/** 1CH at level 98. */
export function securedOrder(
  meter: VirtualMeter,
  n1: number,
  {
    random2,
    deadline = "261122103000",
    n2 = 0,
    extended = true,
    badMac = false,
  }: { random2: string; deadline?: string; n2?: number; extended?: boolean; badMac?: boolean },
): Uint8Array {
  const block = sealBlock({ meterNumber: meter.meterNumber, random2, plain: joined(Uint8Array.of(n1, n2), fromHex(deadline)) });
  if (badMac) block[19]! ^= 1;
  return joined(Uint8Array.of(0x98, 0, 0, extended ? 1 : 0), OPERATOR, reversed(block));
}

/** 14H with a password. */
export function writeData(di: string, digits: string, { level = "02", password = "000000" } = {}): Uint8Array {
  return joined(dataItemBytes(di), fromHex(level), reversed(fromHex(password)), OPERATOR, reversed(fromHex(digits)));
}

export const money = (fen: bigint): string => hex(reversed(bcd(fen, 4)));
