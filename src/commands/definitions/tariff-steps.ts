/**
 * Writes a tariff into a meter's spare sets, step by step, and takes a switch back. Each step looks before it writes again:
 *
 *     read ─► withdraw a switch ─► spare sets ─► read back: the spare, and what runs ─► switch times, last
 *                  (if one is set that is not to come)       │ anything differs: no switch time is written
 *
 * So a switch time stands in a meter only beside a spare set that was read back whole. A write that was not acknowledged is looked
 * at, and counts as done where it stands. All of it sets: said twice is said once, and a life that ends anywhere goes on with what differs.
 */
import { Instant, later, minutes } from "../../kernel/clock.ts";
import { Fault } from "../../kernel/faults.ts";
import type { MeterSession, SendOptions, Sent } from "../../devices/meter.ts";
import { differences } from "../../devices/meter-tariff/difference.ts";
import { SWITCH_OFF, switchTimes } from "../../devices/meter-tariff/items.ts";
import type { Before } from "../definition.ts";

/** What the look found and chose; stored with the attempt before the first byte leaves. */
export interface TariffBefore extends Before {
  readonly switchAt: string;
  /** By our clock: later nothing is written, since the switch is near. */
  readonly writeUntil: number;
  /** Wanted, by identifier, hex as it travels. */
  readonly spare: Readonly<Record<string, string>>;
  readonly times: Readonly<Record<string, string>>;
  /** What runs, and what must not change by any of this. */
  readonly untouched: Readonly<Record<string, string>>;
  /** All of it as it stood. */
  readonly was: Readonly<Record<string, string>>;
  /** Which places the tables that run stood in. */
  readonly running: { readonly zones: number | null; readonly slots: number | null };
  /** Switch times of another switch, which are taken back first. */
  readonly withdraw: readonly string[];
}

export async function writeTariff(
  session: MeterSession,
  { spare, times, untouched, withdraw, writeUntil }: TariffBefore,
  within: SendOptions,
): Promise<Sent> {
  const options = { ...within, notAfter: Instant(Math.min(within.notAfter, writeUntil)) };
  const { bytes, takenAt } = await session.readTariff([...Object.keys(spare), ...Object.values(switchTimes)]);
  const writer = new Writer(session, options);
  const isSparePlain = differences(spare, bytes).length === 0;
  const mayStand = (di: string): boolean => isSparePlain && bytes[di] === times[di];
  for (const di of new Set([...withdraw, ...(isSparePlain ? [] : Object.keys(times))]))
    if (isSwitchSet(bytes[di]) && !mayStand(di)) await writer.write(di, SWITCH_OFF);
  for (const { item, wanted } of differences(spare, bytes)) await writer.write(item, wanted);
  if (!writer.stopped) {
    const back = await session.readTariff([...Object.keys(spare), ...Object.keys(untouched), ...Object.keys(times)]);
    if (differences({ ...untouched, ...spare }, back.bytes).length > 0) return writer.outcome(takenAt); // the look that follows names it
    for (const { item, wanted } of differences(times, back.bytes)) await writer.write(item, wanted);
  }
  return writer.outcome(takenAt);
}

/** Takes back the switch that is to come, where it stands; throws while the meter does not show that it is gone. */
export async function withdrawSwitch(session: MeterSession, { times }: TariffBefore): Promise<void> {
  const { bytes, takenAt } = await session.readTariff(Object.keys(times));
  const standing = Object.keys(times).filter((di) => bytes[di] === times[di]);
  for (const di of standing) await session.writeSecured(di, wire(SWITCH_OFF), { notAfter: later(takenAt, minutes(5)) });
  if (standing.length === 0) return;
  const back = await session.readTariff(standing);
  const left = standing.filter((di) => back.bytes[di] === times[di]);
  if (left.length > 0)
    throw new Fault("meter-silent", { meter: session.meter.address, items: left, why: "a switch could not be taken back yet" });
}

const isSwitchSet = (bytes: string | undefined): boolean => bytes !== undefined && !/^(00)+$|^(99)+$/.test(bytes);
const wire = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

class Writer {
  stopped = false;
  readonly #session: MeterSession;
  readonly #options: SendOptions;
  #first: Sent | undefined;
  #last: Sent | undefined;

  constructor(session: MeterSession, options: SendOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** Does nothing any more once a write was refused, or met silence and does not stand. */
  async write(di: string, hex: string): Promise<void> {
    if (this.stopped) return;
    const { notAfter, beforeFirstByte } = this.#options;
    const isFirst = this.#first === undefined;
    const sent = await this.#session.writeSecured(di, wire(hex), {
      notAfter,
      ...(isFirst && beforeFirstByte !== undefined ? { beforeFirstByte } : {}),
    });
    this.#first ??= sent;
    this.#last = sent;
    if (sent.sent === "acknowledged") return;
    // Neither silence nor a no says what became of it.
    const { bytes } = await this.#session.readTariff([di]);
    if (bytes[di] === hex) return;
    this.stopped = true;
  }

  /** What came back for the last write, begun with the first; where nothing was left to write, the look alone speaks. */
  async outcome(lookedAt: Sent["sentAt"]): Promise<Sent> {
    if (this.#first === undefined || this.#last === undefined) {
      await this.#options.beforeFirstByte?.();
      return { sent: "silent", sentAt: lookedAt, asExpected: true };
    }
    return { ...this.#last, sentAt: this.#first.sentAt };
  }
}
