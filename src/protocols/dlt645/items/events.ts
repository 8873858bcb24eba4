/**
 * Counts and records of what happened (DI3 = 03), table A.4: DI2 the event, DI0 the age of the record (01 newest), 00 for
 * the count. Disturbances of the line (0301..0312), what people did to the meter (0330), purchases (0332..0334).
 */
import { bcdFen, bits, count, decimal, energy, hex, identifier, moment } from "../formats.ts";
import type { Format } from "../formats.ts";
import { field, joinName, one, record, series } from "../item.ts";
import type { Field } from "../item.ts";
import type { Found, Identifier } from "./families.ts";

const second = moment("YYMMDDhhmmss");
const times = count(3, "times");
const minutes = count(3, "min");
const span = [field("start", second), field("end", second)];
const RECORDS_MAX = 10;

const ENERGY_INCREMENTS: readonly (readonly [string, Format<unknown>])[] = [
  ["importedEnergyIncrement", energy(true)],
  ["exportedEnergyIncrement", energy(true)],
  ["reactive1Increment", decimal(4, 2, "kvarh", true)],
  ["reactive2Increment", decimal(4, 2, "kvarh", true)],
];
const PHASES = ["A", "B", "C"] as const;
const increments = (phase: string): Field[] => ENERGY_INCREMENTS.map(([name, format]) => field(`${name}${phase}`, format));
const measured = (phase: string): Field[] => [
  field(`voltage${phase}`, decimal(2, 1, "V")),
  field(`current${phase}`, decimal(3, 3, "A", true)),
  field(`power${phase}`, decimal(3, 4, "kW", true)),
  field(`reactivePower${phase}`, decimal(3, 4, "kvar", true)),
  field(`powerFactor${phase}`, decimal(2, 3, null, true)),
];
const AMPERE_HOURS = ["ampereHours", "ampereHoursA", "ampereHoursB", "ampereHoursC"].map((name) =>
  field(name, decimal(4, 2, "Ah")),
);

/** 76 bytes; 115 with what was measured at the start; 131 with ampere-hours; 78 with the greatest unbalance. */
const SHORT = [...span, ...increments(""), ...PHASES.flatMap(increments)];
const MEASURED = [...span, ...increments(""), ...PHASES.flatMap((phase) => [...increments(phase), ...measured(phase)])];
const VOLTAGE = [...MEASURED, ...AMPERE_HOURS];
const UNBALANCE = [...span, field("unbalanceMax", decimal(2, 2, "%")), ...increments(""), ...PHASES.flatMap(increments)];

/** DI2 → name and record; three phases each, in DI1. */
const PHASE_EVENTS: ReadonlyMap<number, readonly [string, readonly Field[]]> = new Map([
  [0x01, ["voltage loss", VOLTAGE]],
  [0x02, ["under-voltage", VOLTAGE]],
  [0x03, ["over-voltage", VOLTAGE]],
  [0x04, ["phase failure", VOLTAGE]],
  [0x0b, ["current loss", MEASURED]],
  [0x0c, ["over-current", MEASURED]],
  [0x0d, ["current interruption", MEASURED]],
  [0x0e, ["power-flow reversal", SHORT]],
  [0x0f, ["overload", SHORT]],
]);

/** DI2 → name and record of events that have no phase. */
const WHOLE_EVENTS: ReadonlyMap<number, readonly [string, readonly Field[]]> = new Map([
  [0x05, ["total voltage loss", [field("start", second), field("current", decimal(3, 3, "A", true)), field("end", second)]]],
  [0x06, ["auxiliary supply loss", span]],
  [0x07, ["voltage reverse phase sequence", SHORT]],
  [0x08, ["current reverse phase sequence", SHORT]],
  [0x09, ["voltage unbalance", UNBALANCE]],
  [0x0a, ["current unbalance", UNBALANCE]],
]);

const who = [field("time", second), field("operator", hex(4))];
const sixEnergies = (when: string): Field[] =>
  ["importedEnergy", "exportedEnergy", "quadrant1", "quadrant2", "quadrant3", "quadrant4"].map((name, i) =>
    field(`${name}${when}`, i < 2 ? energy() : decimal(4, 2, "kvarh")),
  );
const many = (n: number, make: (i: number) => Field): Field[] => Array.from({ length: n }, (_, i) => make(i + 1));
const COVER = [...span, ...sixEnergies("Before"), ...sixEnergies("After")];

/** 0330: DI1 → what was done, and its record. The long ones come in several frames. */
const OPERATIONS: ReadonlyMap<number, readonly [string, readonly Field[]]> = new Map([
  [0x00, ["programming", [...who, ...many(10, (i) => field(`item${i}`, identifier))]]],
  [0x01, ["meter clear", [...who, ...["", "A", "B", "C"].flatMap(sixEnergies)]]],
  [
    0x02,
    [
      "demand clear",
      [
        ...who,
        ...Array.from({ length: 24 }, (_, i) => [
          field(`demand${i + 1}`, decimal(3, 4, "kW", true)),
          field(`demand${i + 1}Time`, moment("YYMMDDhhmm")),
        ]).flat(),
      ],
    ],
  ],
  [0x03, ["event clear", [...who, field("cleared", identifier)]]],
  [0x04, ["clock setting", [field("operator", hex(4)), field("before", second), field("after", second)]]],
  [
    0x05,
    [
      "slot-table programming",
      [...who, ...many(16 * 14, (i) => field(`table${Math.ceil(i / 14)}Slot${((i - 1) % 14) + 1}`, moment("hhmmNN")))],
    ],
  ],
  [0x06, ["zone-table programming", [...who, ...many(28, (i) => field(`zone${i}`, moment("MMDDNN")))]]],
  [0x07, ["weekend programming", [...who, field("weekendTableBefore", count(1))]]],
  [0x08, ["holiday programming", [...who, ...many(254, (i) => field(`holiday${i}`, moment("YYMMDDNN")))]]],
  [0x09, ["active combination programming", [...who, field("before", bits(1))]]],
  [0x0a, ["reactive combination 1 programming", [...who, field("before", bits(1))]]],
  [0x0b, ["reactive combination 2 programming", [...who, field("before", bits(1))]]],
  [0x0c, ["settlement-day programming", [...who, ...many(3, (i) => field(`settlementDay${i}`, moment("DDhh")))]]],
  [0x0d, ["meter cover opening", COVER]],
  [0x0e, ["terminal cover opening", COVER]],
  [0x0f, ["tariff-price programming", who]],
  [0x10, ["step-table programming", who]],
  [0x12, ["key update", []]],
  [0x13, ["abnormal card insertion", []]],
  [0x14, ["illegal card insertion", []]],
]);

/** 0332 counts energy and 0333 money; the fields are the same six (23 bytes together). */
const purchaseFields = (quantity: Format<unknown>): readonly Field[] => [
  field("purchaseTime", moment("YYMMDDhhmm")),
  field("purchaseCount", count(2, "times")),
  field("purchaseAmount", quantity),
  field("purchaseBalanceBefore", quantity),
  field("purchaseBalanceAfter", quantity),
  field("purchaseTotal", quantity),
];
const REFUND = [
  field("refundTime", moment("YYMMDDhhmm")),
  field("purchaseCount", count(2, "times")),
  field("refundAmount", bcdFen),
  field("refundBalanceBefore", bcdFen),
  field("refundBalanceAfter", bcdFen),
];

export function eventItem([, di2, di1, di0]: Identifier): Found {
  if (di2 === 0x30) return recordOrCount(OPERATIONS.get(di1), di0);
  if (di2 === 0x32 || di2 === 0x33) return purchaseItem(purchaseFields(di2 === 0x32 ? energy() : bcdFen), di1, di0);
  if (di2 === 0x34 && di1 === 0 && di0 >= 1 && di0 <= RECORDS_MAX) {
    return { name: `refundRecord${di0}`, title: `refund, ${age(di0)}`, shape: record(REFUND) };
  }
  const byPhase = PHASE_EVENTS.get(di2);
  if (byPhase !== undefined) return phaseEvent(byPhase, di1, di0);
  const whole = WHOLE_EVENTS.get(di2);
  if (whole !== undefined && di1 === 0 && di0 === 0) {
    const [name] = whole;
    return {
      name: joinName(name, "count"),
      title: `${name}: count and time`,
      shape: record([field(joinName(name, "count"), times), field(joinName(name, "time"), minutes)]),
    };
  }
  if (whole !== undefined && di1 === 0) return recordOrCount(whole, di0);
  if (di2 === 0x10 && di1 <= 3 && di0 <= 0x0c) return voltageQuality(di1, di0);
  if (di2 === 0x11 && di1 === 0) return recordOrCount(["power-down", span], di0);
  if (di2 === 0x12) return demandOverLimit(di1, di0);
  if (di2 === 0x31 && di1 === 3 && di0 === 0) {
    const fields = PHASES.map((phase) => field(`powerFactorLowCount${phase}`, times));
    return { name: "powerFactorLowCounts", title: "power factor low: count per phase", shape: record(fields) };
  }
  if (di2 === 0x35 && di1 === 0) return recordOrCount(["magnetic interference", span], di0);
  if (di2 === 0x36 && di1 === 0 && di0 === 0) return recordOrCount(["load switch malfunction", []], di0);
  if (di2 === 0x37 && di1 === 0 && di0 === 0) return recordOrCount(["supply abnormality", []], di0);
  return undefined;
}

const age = (di0: number): string => (di0 === 1 ? "newest" : `${di0} back`);

function recordOrCount(found: readonly [string, readonly Field[]] | undefined, di0: number): Found {
  if (found === undefined || di0 > RECORDS_MAX) return undefined;
  const [name, fields] = found;
  if (di0 === 0) return { name: joinName(name, "count"), title: `${name}: count`, shape: one(joinName(name, "count"), times) };
  return { name: joinName(name, "record", String(di0)), title: `${name}, ${age(di0)}`, shape: record(fields) };
}

function phaseEvent([name, fields]: readonly [string, readonly Field[]], di1: number, di0: number): Found {
  if (di1 === 0 && di0 === 0) {
    const pair = (i: number) => [
      field(joinName(name, "count", PHASES[i] ?? String(i)), times),
      field(joinName(name, "time", PHASES[i] ?? String(i)), minutes),
    ];
    return { name: joinName(name, "counts"), title: `${name}: count and time per phase`, shape: series(pair) };
  }
  const phase = PHASES[di1 - 1];
  if (phase === undefined || di0 < 1 || di0 > RECORDS_MAX) return undefined;
  return {
    name: joinName(name, phase, "record", String(di0)),
    title: `${name}, phase ${phase}, ${age(di0)}`,
    shape: record(fields),
  };
}

function purchaseItem(fields: readonly Field[], di1: number, di0: number): Found {
  if (di0 < 1 || di0 > RECORDS_MAX) return undefined;
  if (di1 === 0xff) return { name: `purchaseRecord${di0}`, title: `purchase, ${age(di0)}`, shape: record(fields) };
  const found = fields[di1 - 1];
  if (found === undefined) return undefined;
  const name = `${found.name}${di0}`;
  return { name, title: `purchase, ${age(di0)}: ${found.name}`, shape: one(name, found.format) };
}

function voltageQuality(di1: number, di0: number): Found {
  const where = di1 === 0 ? "" : PHASES[di1 - 1]!;
  const rate = decimal(3, 2, "%");
  const fields = [
    field("monitoredTime", minutes),
    field("passRate", rate),
    field("overRate", rate),
    field("overTime", minutes),
    field("underTime", minutes),
    field("voltageMax", decimal(2, 1, "V")),
    field("voltageMaxTime", moment("MMDDhhmm")),
    field("voltageMin", decimal(2, 1, "V")),
    field("voltageMinTime", moment("MMDDhhmm")),
  ];
  return {
    name: joinName("voltage quality", where, di0 === 0 ? "" : `month${di0}`),
    title: "voltage qualification statistics",
    shape: record(fields),
  };
}

function demandOverLimit(di1: number, di0: number): Found {
  const kinds = ["imported", "exported", "quadrant1", "quadrant2", "quadrant3", "quadrant4"];
  const name = "demandOverLimit";
  if (di1 === 0 && di0 === 0)
    return {
      name: `${name}Counts`,
      title: "demand over limit: counts",
      shape: record(kinds.map((kind) => field(joinName(name, kind, "count"), times))),
    };
  const found = kinds[di1 - 1];
  if (found === undefined || di0 < 1 || di0 > RECORDS_MAX) return undefined;
  const fields = [
    ...span,
    field("demandMax", decimal(3, 4, found.startsWith("q") ? "kvar" : "kW", true)),
    field("demandMaxTime", moment("YYMMDDhhmm")),
  ];
  return {
    name: joinName(name, found, "record", String(di0)),
    title: `demand over limit, ${found}, ${age(di0)}`,
    shape: record(fields),
  };
}

/** Shared with the relay events: the eight items of a record there. */
export const relayRecordFields = (word: string): readonly Field[] => [
  field(`${word}Time`, second),
  field(`${word}Operator`, hex(4)),
  ...sixEnergies("").map(({ name, format }) => field(joinName(word, name), format)),
];
