/**
 * Writes a tariff into a meter's spare sets, step by step, and takes a switch back. Each step looks before it writes again:
 *
 *     read ─► withdraw a switch ─► read back ─► spare sets ─► read back: the spare, and what runs ─► switch times, last
 *                  (if one is set that is not to come)              │ anything differs: no switch time is written
 *
 * So a switch time stands in a meter only beside a spare set that was read back whole. A write that was not acknowledged is looked
 * at, and counts as done where it stands. All of it sets: said twice is said once, and a life that ends anywhere goes on with what differs.
 */
import { Instant, later, minutes } from "../../kernel/clock.ts";
import { Fault } from "../../kernel/faults.ts";
import type { MeterSession, SendOptions, Sent } from "../../devices/meter.ts";
import { differences, isSwitchSet, only } from "../../devices/meter-tariff/difference.ts";
import { SWITCH_OFF, switchTimes, WORD_3 } from "../../devices/meter-tariff/items.ts";
import type { TariffPicture } from "../../devices/meter-tariff/picture.ts";
import { isAsItWas, runsWhereItRan, type TariffBefore } from "./tariff-judged.ts";

export async function writeTariff(session: MeterSession, before: TariffBefore, within: SendOptions): Promise<Sent> {
  const { spare, times, untouched, withdraw, writeUntil } = before;
  const options = { ...within, notAfter: Instant(Math.min(within.notAfter, writeUntil)) };
  const seen = await session.readTariff([WORD_3, ...Object.keys(spare), ...Object.values(switchTimes)]);
  const { bytes, takenAt } = seen;
  const writer = new Writer(session, options);
  if (!runsWhereItRan(before, seen)) return writer.outcome(takenAt); // the spare of the look runs by now
  const isSparePlain = differences(spare, bytes).length === 0;
  const mayStand = (di: string): boolean => isSparePlain && bytes[di] === times[di];
  const standing = [...new Set([...withdraw, ...(isSparePlain ? [] : Object.keys(times))])].filter(
    (di) => isSwitchSet(bytes[di]) && !mayStand(di),
  );
  // Each is tried, whatever became of the one before: half of a switch must not be left.
  for (const di of standing) await writer.tryWrite(di, SWITCH_OFF);
  if (!writer.stopped && !(await areGone(session, standing))) return writer.outcome(takenAt);
  for (const { item, wanted } of differences(spare, bytes)) await writer.write(item, wanted);
  if (!writer.stopped) {
    const back = await session.readTariff([WORD_3, ...Object.keys(spare), ...Object.keys(untouched), ...Object.keys(times)]);
    const isWhole = runsWhereItRan(before, back) && differences({ ...untouched, ...spare }, back.bytes).length === 0;
    if (!isWhole) return writer.outcome(takenAt); // the look that follows names it
    for (const { item, wanted } of differences(times, back.bytes)) await writer.write(item, wanted);
  }
  return writer.outcome(takenAt);
}

async function areGone(session: MeterSession, items: readonly string[]): Promise<boolean> {
  if (items.length === 0) return true;
  const { bytes } = await session.readTariff(items);
  return items.every((di) => !isSwitchSet(bytes[di]));
}

/**
 * Takes back the switch that is to come, and what is left of another one that was to be replaced; where nothing of it has moved yet it
 * is left whole. Throws while the meter does not show that ours is gone. Answers what stands of the other one all the same.
 */
export async function withdrawSwitch(
  session: MeterSession,
  before: TariffBefore,
  { bytes, takenAt }: Pick<TariffPicture, "bytes" | "takenAt">,
): Promise<Readonly<Record<string, string>>> {
  const { times, withdraw } = before;
  if (withdraw.length > 0 && isAsItWas(before, { bytes })) return {};
  const isOurs = (di: string, wire: string | undefined): boolean => times[di] !== undefined && wire === times[di];
  const standing = [...new Set([...Object.keys(times), ...withdraw])].filter(
    (di) => isOurs(di, bytes[di]) || (withdraw.includes(di) && isSwitchSet(bytes[di])),
  );
  if (standing.length === 0) return {};
  for (const di of standing) await session.writeSecured(di, wire(SWITCH_OFF), { notAfter: later(takenAt, minutes(5)) });
  const back = await session.readTariff(standing);
  const left = standing.filter((di) => isOurs(di, back.bytes[di]));
  if (left.length > 0)
    throw new Fault("meter-silent", { meter: session.meter.address, items: left, why: "a switch could not be taken back yet" });
  return only(
    back.bytes,
    standing.filter((di) => isSwitchSet(back.bytes[di])),
  );
}

const wire = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

class Writer {
  readonly #session: MeterSession;
  readonly #options: SendOptions;
  #first: Sent | undefined;
  #stoppedBy: Sent | undefined;
  #last: Sent | undefined;

  constructor(session: MeterSession, options: SendOptions) {
    this.#session = session;
    this.#options = options;
  }

  get stopped(): boolean {
    return this.#stoppedBy !== undefined;
  }

  /** Does nothing any more once a write was refused, or met silence and does not stand. */
  async write(di: string, hex: string): Promise<void> {
    if (!this.stopped) await this.tryWrite(di, hex);
  }

  async tryWrite(di: string, hex: string): Promise<void> {
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
    this.#stoppedBy ??= sent;
  }

  /** What came back for the write that stopped it, or the last, begun with the first; where nothing was written, the look alone speaks. */
  async outcome(lookedAt: Sent["sentAt"]): Promise<Sent> {
    if (this.#first === undefined || this.#last === undefined) {
      await this.#options.beforeFirstByte?.();
      return { sent: "silent", sentAt: lookedAt, asExpected: true };
    }
    return { ...(this.#stoppedBy ?? this.#last), sentAt: this.#first.sentAt };
  }
}
