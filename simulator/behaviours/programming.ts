/**
 * What a write leaves behind: a programming record (033000NN) always, and for some items a record of their class with what
 * stood there before. Taken before the write, entered after it.
 */
import { cut } from "../parameter-store.ts";
import type { RecordClass } from "../records.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import { wireDateTime } from "../wall-time.ts";
import { dataItemBytes } from "../wire.ts";

const TABLES = ["01", "02", "03", "04", "05", "06", "07", "08"];
const HOLIDAYS_MAX = 254;
/** Ten places for data identifiers; a write fills one of them. */
const FREE_PLACES = new Uint8Array(9 * 4).fill(0xff);

const stored = (meter: VirtualMeter, dis: readonly string[], size: number): Uint8Array[] =>
  dis.flatMap((di) => {
    const value = meter.parameters.value(di) ?? new Uint8Array(0);
    return cut(
      value,
      Array.from({ length: value.length / size }, () => size),
    );
  });
const numbers = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => (i + 1).toString(16).toUpperCase().padStart(2, "0"));

interface ClassRow {
  readonly items: RegExp;
  readonly record: RecordClass;
  before(meter: VirtualMeter, di: string): Uint8Array[];
}

const classes: readonly ClassRow[] = [
  {
    items: /^040[12]000[1-8]$/,
    record: "033005",
    before: (meter) =>
      stored(
        meter,
        ["040100", "040200"].flatMap((set) => TABLES.map((nn) => set + nn)),
        3,
      ),
  },
  { items: /^040[12]0000$/, record: "033006", before: (meter) => stored(meter, ["04010000", "04020000"], 3) },
  { items: /^04000802$/, record: "033007", before: (meter) => stored(meter, ["04000802"], 1) },
  {
    items: /^040300..$/,
    record: "033008",
    before: (meter) =>
      stored(
        meter,
        numbers(HOLIDAYS_MAX).map((nn) => `040300${nn}`),
        4,
      ),
  },
  { items: /^04000601$/, record: "033009", before: (meter, di) => stored(meter, [di], 1) },
  { items: /^04000602$/, record: "03300A", before: (meter, di) => stored(meter, [di], 1) },
  { items: /^04000603$/, record: "03300B", before: (meter, di) => stored(meter, [di], 1) },
  {
    items: /^04000B0[1-3]$/,
    record: "03300C",
    before: (meter) => stored(meter, ["04000B01", "04000B02", "04000B03"], 2),
  },
  { items: /^040502FF$/, record: "03300F", before: (meter, di) => stored(meter, [di], 4) },
  { items: /^040605FF$/, record: "033010", before: (meter, di) => stored(meter, [di], 64) },
];

const clockItems: readonly string[] = ["04000101", "04000102", "0400010C"];

/** Time and operator stand at the head of every record but that of the clock. */
export const signed = (meter: VirtualMeter, operator: Uint8Array): Uint8Array[] => [wireDateTime(meter.clock), operator];

/** Does the write and enters it. */
export function programmed(meter: VirtualMeter, di: string, operator: Uint8Array, write: () => void): void {
  const row = classes.find(({ items }) => items.test(di));
  const before = row?.before(meter, di) ?? [];
  const clockBefore = wireDateTime(meter.clock);
  write();
  if (row !== undefined) meter.logbook.add(row.record, [...signed(meter, operator), ...before]);
  if (clockItems.includes(di)) meter.logbook.add("033004", [operator, clockBefore, wireDateTime(meter.clock)]);
  meter.logbook.add("033000", [...signed(meter, operator), dataItemBytes(di), FREE_PLACES]);
  meter.obeyed.writes += 1;
}
