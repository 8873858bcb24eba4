/**
 * Which meters hang on the street: those of the site file, but where the books know that one was replaced, the one that took its
 * place. A file that still names the old one is an old file, and the start says so; nobody has to edit it at once.
 *
 *     the file names OLD, the books say OLD → NEW      NEW, as the books keep it (relay password and feeder: those of the file's OLD)
 *     the file names NEW                               NEW, as the file has it
 *     the file gives OLD's account to a third meter    the file: it was edited after the replacement
 *
 * Pure; what was decided is told to `say`.
 */
import type { BookedMeter } from "../commands/replacement/replacement.ts";
import type { MeterRecord } from "../devices/meter.ts";
import type { MeterAddress } from "../kernel/ids.ts";

export interface ReplacedMeter {
  readonly meter: MeterAddress;
  readonly by: BookedMeter;
}

export function metersInUse(
  file: readonly MeterRecord[],
  replaced: readonly ReplacedMeter[],
  say: (what: string, about: { readonly meter: MeterAddress; readonly by: MeterAddress }) => void,
): readonly MeterRecord[] {
  const next = new Map(replaced.map(({ meter, by }) => [meter, by]));
  const inFile = new Map(file.map((meter) => [meter.address, meter]));
  const kept = file.filter(({ address }) => !next.has(address));
  const taken = new Set(kept.flatMap(({ account }) => (account === null ? [] : [account])));
  const added = new Map<MeterAddress, MeterRecord>();
  for (const { meter, by } of replaced) {
    const about = { meter, by: by.address };
    if (inFile.has(meter)) say("the site file names a meter that was replaced; the books win, and it is not ordered", about);
    if (next.has(by.address) || inFile.has(by.address)) continue; // replaced in its turn, or named by the file itself
    if (by.account !== null && taken.has(by.account)) {
      say("the site file gives the account of a replaced meter to a third one; the file wins", about);
      continue;
    }
    added.set(by.address, { ...by, ...ofThePlace(beforeIn(by.address, replaced, inFile)) });
  }
  return [...kept, ...added.values()];
}

/**
 * What stands in the site file alone, and is the place's rather than the meter's: whoever took a meter's place is told by the password of the
 * one before, and hangs on its feeder, so that a no-cut said of that feeder protects him too.
 */
export const ofThePlace = (before: MeterRecord | undefined): Pick<MeterRecord, "relayPassword" | "feeder"> => ({
  relayPassword: before?.relayPassword ?? null,
  ...(before?.feeder === undefined ? {} : { feeder: before.feeder }),
});

/** The meter of the site file in whose place this one stands, however many there were in between. */
function beforeIn(
  address: MeterAddress,
  replaced: readonly ReplacedMeter[],
  inFile: ReadonlyMap<MeterAddress, MeterRecord>,
): MeterRecord | undefined {
  const before = replaced.find(({ by }) => by.address === address)?.meter;
  if (before === undefined) return undefined;
  return inFile.get(before) ?? beforeIn(before, replaced, inFile);
}
