/** A street in bad weather on a clock moved by hand, a day of talk on it, and what was written down of it. */
import { Instant } from "../../../src/kernel/clock.ts";
import { fromHex, joined } from "../../../simulator/bytes.ts";
import { headerOf, headerText } from "../../../simulator/recording/header.ts";
import { lineOf } from "../../../simulator/recording/line.ts";
import type { LineForm } from "../../../simulator/recording/line.ts";
import type { StreetState } from "../../../simulator/state/street-state.ts";
import type { MemoryEnd, Street, StreetOptions } from "../../../simulator/street.ts";
import { dataItemBytes, writeFrame } from "../../../simulator/wire.ts";
import { HandClock } from "../../transports/hand-clock.ts";
import { plainOrder, writeData } from "./frames.ts";
import { timeOfUse } from "./life.ts";
import { Master } from "./master.ts";
import { raise } from "./street.ts";

export const START = Instant(Date.parse("2026-11-22T00:00:00+08:00"));
export const MINUTE = 60_000;
const addressOf = (number: number): string => `20261122000${number}`;

export interface StormyStreet {
  readonly street: Street;
  readonly clock: HandClock;
  readonly ends: Readonly<Record<"m" | "n", MemoryEnd>>;
}

/** Seven meters on two buses, one of them paced; a fault now and then. */
export async function stormyStreet(options: Partial<StreetOptions> = {}, wall = START): Promise<StormyStreet> {
  const clock = new HandClock();
  clock.advance(wall - clock.now());
  const street = await raise({
    clock,
    seed: 7,
    start: START,
    weather: { seed: 5, faultsPerHour: 4 },
    buses: [
      { id: "m", endpoint: { kind: "memory" }, baud: 9_600 },
      { id: "n", endpoint: { kind: "memory" } },
    ],
    meters: [
      { address: addressOf(1), bus: "m", phases: 3, tariff: timeOfUse, solarKw: 3 },
      { address: addressOf(2), bus: "n", balance: "1.00" },
      { address: addressOf(3), bus: "m", model: "remote-ledger", clockDriftPpm: 30 },
      { address: addressOf(4), bus: "n", tripDelayMinutes: 5, readReplyMax: 30 },
      { address: addressOf(5), bus: "m", model: "chint-soft-esam" },
      { address: addressOf(6), bus: "n", model: "order-number-4g" },
      { address: addressOf(7), bus: "m", alarm2: "49.90", alarm2Trips: true },
    ],
    ...options,
  });
  return { street, clock, ends: { m: street.memoryEnd("m"), n: street.memoryEnd("n") } };
}

export const loadedStreet = (state: StreetState, wall: Instant): Promise<StormyStreet> => stormyStreet({ state }, wall);

const questions = ["00010000", "00900200", "04000503", "0400010C", "0001FF00", "02030000", "0333FF01", "05060101", "04001001"];

/** What is said in this minute, by the minute alone. */
function sentence(minute: number): Uint8Array {
  const address = addressOf(1 + (minute % 7));
  const frame = (control: number, data: Uint8Array): Uint8Array => writeFrame({ address, control, data }, minute % 3);
  const deadline = "991231235959";
  switch (minute % 11) {
    case 3:
      return frame(0x1c, plainOrder(minute % 2 === 0 ? 0x1a : 0x1c, { deadline }));
    case 5:
      return frame(0x14, writeData("04001001", "00000500", { password: minute % 4 === 0 ? "999999" : "000000" }));
    case 7:
      return frame(0x12, joined(dataItemBytes("0001FF00"), Uint8Array.of(1)));
    case 8:
      return fromHex("0102030405");
    case 9:
      return writeFrame({ address: "AAAAAAAAAAAA", control: 0x13, data: new Uint8Array(0) });
    case 10:
      return writeFrame({ address: "999999999999", control: 0x08, data: fromHex("000012221126") });
    default:
      return frame(0x11, dataItemBytes(questions[minute % questions.length]!));
  }
}

/** Talks on the street for so many minutes, and does this and that to it. */
export async function talk({ street, clock, ends }: StormyStreet, from: number, to: number): Promise<void> {
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 250) {
      clock.advance(Math.min(left, 250));
      for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
    }
  };
  for (let minute = from; minute < to; minute += 1) {
    const bus = [1, 3, 5, 0].includes(minute % 7) ? "m" : "n";
    ends[minute % 7 === 6 ? "m" : bus].send(sentence(minute));
    if (minute % 50 === 10) await topUp(street, ends.n, pass, minute);
    if (minute % 97 === 20) street.setFault(addressOf(1 + (minute % 7)), { kind: "bad-checksum" });
    if (minute % 113 === 30) street.patch(addressOf(2), { balance: "3.00" });
    if (minute % 131 === 40) street.pressButton(addressOf(7));
    await pass(2_000);
    clock.advance(MINUTE - 2_000);
  }
  // What was torn will not come any more.
  for (const end of Object.values(ends)) end.send(fromHex("FE"));
  await pass(10_000);
}

/** Identity and money, as far as the weather lets it. */
async function topUp(street: Street, end: MemoryEnd, pass: (ms: number) => Promise<void>, minute: number): Promise<void> {
  const address = addressOf(4);
  const heard: Uint8Array[] = [];
  let isListening = true;
  end.onBytes((bytes) => {
    if (isListening) heard.push(bytes);
  });
  const master = new Master(async (bytes) => {
    heard.length = 0;
    end.send(bytes);
    await pass(1_000);
    return Buffer.concat(heard);
  }, address);
  const { purchaseCount, customerNumber } = street.snapshot(address);
  try {
    await master.authenticate(address);
    await master.topUp(address, { fen: 100 + minute, count: purchaseCount + 1, customer: customerNumber });
  } catch {
    // A damaged answer: the next one may fare better.
  }
  isListening = false;
}

/** Everything that was written down since the n-th event, as the file would have it. */
export const linesSince = ({ street }: Pick<StormyStreet, "street">, count = 0, form: LineForm = { withoutWall: true }): string =>
  street.events
    .events()
    .filter(({ seq }) => seq > count)
    .map((event) => `${JSON.stringify(lineOf(event, form))}\n`)
    .join("");

export const recordingOf = ({ street }: Pick<StormyStreet, "street">, form: LineForm): string =>
  `${headerText(headerOf(street, form, { from: "raised" }))}\n${linesSince({ street }, 0, form)}`;
