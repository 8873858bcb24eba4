/**
 * What a meter can be asked, by name. A new quantity is a new line here, and nothing else; the type of its value follows
 * from its format, so `dictionary.balance` is money and `dictionary.relay` a relay.
 *
 * Whole families of items that differ only in a tariff, a phase or a settlement day are not listed one by one: they are
 * computed in `items/`. `itemOf` finds either, by name or by eight hex digits.
 */
import { ascii, bcdFen, bits, count, decimal, digits, energy, hex, moment } from "./formats.ts";
import type { Format } from "./formats.ts";
import { item, one } from "./item.ts";
import type { Item } from "./item.ts";
import { familyItem } from "./items/families.ts";
import { phaseFaults, relay, runStateWord1, runStateWord2, runStateWord3, runStateWord7 } from "./status-words.ts";

export interface Row<T> {
  /** DI3 DI2 DI1 DI0, as written. */
  readonly di: string;
  readonly format: Format<T>;
  readonly title: string;
}
const row = <T>(di: string, format: Format<T>, title: string): Row<T> => ({ di, format, title });

const price = decimal(4, 4, "yuan/kWh");
const minutes = count(2, "min");
const switchTime = moment("YYMMDDhhmm");
const baud = bits(1);
const byte = count(1);

export const dictionary = {
  // energy (00)
  combinedEnergy: row("00000000", energy(true), "combined active energy, total"),
  importedEnergy: row("00010000", energy(), "forward active energy, total"),
  exportedEnergy: row("00020000", energy(), "reverse active energy, total"),
  remainingEnergy: row("00900100", energy(), "remaining energy of an energy-type prepayment meter"),
  overdraftEnergy: row("00900101", energy(), "overdraft energy of an energy-type prepayment meter"),
  balance: row("00900200", bcdFen, "remaining amount held by the meter"),
  overdraft: row("00900201", bcdFen, "overdraft amount"),

  // now (02)
  voltage: row("02010100", decimal(2, 1, "V"), "voltage, phase A"),
  current: row("02020100", decimal(3, 3, "A", true), "current, phase A"),
  power: row("02030000", decimal(3, 4, "kW", true), "active power, total"),
  reactivePower: row("02040000", decimal(3, 4, "kvar", true), "reactive power, total"),
  // Some vendors put a sign on it; the reference asks to accept it.
  apparentPower: row("02050000", decimal(3, 4, "kVA", true), "apparent power, total"),
  powerFactor: row("02060000", decimal(2, 3, null, true), "power factor, total"),
  neutralCurrent: row("02800001", decimal(3, 3, "A", true), "neutral current"),
  frequency: row("02800002", decimal(2, 2, "Hz"), "grid frequency"),
  averagePower: row("02800003", decimal(3, 4, "kW", true), "one-minute average of total active power"),
  demand: row("02800004", decimal(3, 4, "kW", true), "present active demand"),
  reactiveDemand: row("02800005", decimal(3, 4, "kvar", true), "present reactive demand"),
  apparentDemand: row("02800006", decimal(3, 4, "kVA"), "present apparent demand"),
  temperature: row("02800007", decimal(2, 1, "degC", true), "temperature inside the meter"),
  clockBatteryVoltage: row("02800008", decimal(2, 2, "V"), "clock battery"),
  readingBatteryVoltage: row("02800009", decimal(2, 2, "V"), "outage-reading battery"),
  batteryMinutes: row("0280000A", count(4, "min"), "working time of the internal battery"),
  stepPrice: row("0280000B", price, "present step price"),
  liveCurrent: row("0280000E", decimal(3, 3, "A", true), "live-line current"),
  livePower: row("0280000F", decimal(3, 4, "kW", true), "live-line active power"),
  livePowerFactor: row("02800010", decimal(2, 3, null, true), "live-line power factor"),
  price: row("02800020", price, "present price"),
  tariffPrice: row("02800021", price, "present tariff price"),
  identityMinutesLeft: row("02800022", minutes, "remaining identity-authentication time"),
  infraredMinutesLeft: row("02800023", count(1, "min"), "remaining infrared-authentication time"),

  // purchases (0333, newest)
  purchaseTime: row("03330101", moment("YYMMDDhhmm"), "newest top-up: when"),
  purchaseCount: row("03330201", count(2, "times"), "newest top-up: purchase count after it"),
  purchaseAmount: row("03330301", bcdFen, "newest top-up: amount"),
  purchaseBalanceBefore: row("03330401", bcdFen, "newest top-up: remaining amount before"),
  purchaseBalanceAfter: row("03330501", bcdFen, "newest top-up: remaining amount after"),
  purchaseTotal: row("03330601", bcdFen, "newest top-up: all purchases together"),
  energyPurchaseCount: row("03320201", count(2, "times"), "newest energy purchase: purchase count after it"),

  // clock and switch times (0400 01)
  date: row("04000101", moment("YYMMDDWW"), "date and weekday"),
  time: row("04000102", moment("hhmmss"), "time"),
  dateTime: row("0400010C", moment("YYMMDDWWhhmmss"), "date, weekday and time"),
  demandPeriod: row("04000103", count(1, "min"), "demand period"),
  demandStep: row("04000104", count(1, "min"), "demand sliding step"),
  pulseWidth: row("04000105", count(2, "ms"), "calibration pulse width"),
  zoneTableSwitchTime: row("04000106", switchTime, "switch time of the time-zone tables"),
  slotTableSwitchTime: row("04000107", switchTime, "switch time of the daily slot tables"),
  priceSwitchTime: row("04000108", switchTime, "switch time of the tariff prices"),
  stepSwitchTime: row("04000109", switchTime, "switch time of the step prices"),
  stepZoneSwitchTime: row("0400010A", switchTime, "switch time of the step time-zone tables"),
  feeModeSwitchTime: row("0400010B", switchTime, "switch time of the fee-control mode"),

  // counts of tables, display (0400 02, 03)
  zoneCount: row("04000201", byte, "yearly time zones"),
  slotTableCount: row("04000202", byte, "daily slot tables"),
  slotCount: row("04000203", byte, "slots per day"),
  tariffCount: row("04000204", byte, "tariffs"),
  holidayCount: row("04000205", count(2), "public holidays"),
  harmonicOrder: row("04000206", byte, "harmonic analysis order"),
  stepCount: row("04000207", byte, "price steps"),
  keyCount: row("04000208", byte, "keys"),
  autoScreenCount: row("04000301", byte, "auto-scroll screens"),
  screenSeconds: row("04000302", count(1, "s"), "seconds per screen"),
  energyDecimals: row("04000303", byte, "energy decimals on the display"),
  powerDecimals: row("04000304", byte, "power decimals on the display"),
  keyScreenCount: row("04000305", byte, "key-scroll screens"),
  currentRatio: row("04000306", count(3), "current transformer ratio"),
  voltageRatio: row("04000307", count(3), "voltage transformer ratio"),
  fullDisplaySeconds: row("04000308", count(1, "s"), "full display after power-up"),

  // who it is (0400 04)
  communicationAddress: row("04000401", digits(6), "communication address"),
  meterNumber: row("04000402", digits(6), "meter number, what keys are derived from"),
  assetCode: row("04000403", ascii(32), "asset code"),
  ratedVoltage: row("04000404", ascii(6), "rated voltage"),
  ratedCurrent: row("04000405", ascii(6), "rated current"),
  maximumCurrent: row("04000406", ascii(6), "maximum current"),
  activeAccuracy: row("04000407", ascii(4), "accuracy class, active"),
  reactiveAccuracy: row("04000408", ascii(4), "accuracy class, reactive"),
  activeConstant: row("04000409", count(3, "imp/kWh"), "pulse constant, active"),
  reactiveConstant: row("0400040A", count(3, "imp/kvarh"), "pulse constant, reactive"),
  meterModel: row("0400040B", ascii(10), "meter model"),
  productionDate: row("0400040C", ascii(10), "production date"),
  protocolVersion: row("0400040D", ascii(16), "protocol version"),
  customerNumber: row("0400040E", digits(6), "customer number"),
  position: row("0400040F", digits(11), "position: longitude, latitude, altitude as raw digits"),

  // state (0400 05)
  runStateWord1: row("04000501", runStateWord1, "run-state word 1"),
  runStateWord2: row("04000502", runStateWord2, "run-state word 2"),
  runStateWord3: row("04000503", runStateWord3, "run-state word 3: relay and relay order"),
  relay: row("04000503", relay, "the supply: connected, armed or disconnected"),
  runStateWord4: row("04000504", phaseFaults, "run-state word 4: faults of phase A"),
  runStateWord5: row("04000505", phaseFaults, "run-state word 5: faults of phase B"),
  runStateWord6: row("04000506", phaseFaults, "run-state word 6: faults of phase C"),
  runStateWord7: row("04000507", runStateWord7, "run-state word 7: faults of all phases together"),
  keyInfo: row("04000508", hex(4), "key info: all zero means public test keys"),

  // bytes of bits (0400 06..09, 11)
  activeCombination: row("04000601", bits(1), "active combination word"),
  reactiveCombination1: row("04000602", bits(1), "reactive combination 1 word"),
  reactiveCombination2: row("04000603", bits(1), "reactive combination 2 word"),
  baudInfraredModulated: row("04000701", baud, "baud byte of the modulated infrared port"),
  baudInfraredContact: row("04000702", baud, "baud byte of the contact infrared port"),
  baudPort1: row("04000703", baud, "baud byte of port 1"),
  baudPort2: row("04000704", baud, "baud byte of port 2"),
  baudPort3: row("04000705", baud, "baud byte of port 3"),
  weekend: row("04000801", bits(1), "weekend byte: 0 rest, bit 0 Sunday"),
  weekendTable: row("04000802", byte, "slot table used on weekends"),
  profileMode: row("04000901", bits(1), "load-profile mode byte"),
  timedFreezeMode: row("04000902", bits(1), "timed-freeze mode byte"),
  instantFreezeMode: row("04000903", bits(1), "instant-freeze mode byte"),
  appointedFreezeMode: row("04000904", bits(1), "appointed-freeze mode byte"),
  hourlyFreezeMode: row("04000905", bits(1), "hourly-freeze mode byte"),
  dailyFreezeMode: row("04000906", bits(1), "daily-freeze mode byte"),
  profileStart: row("04000A01", moment("MMDDhhmm"), "load-profile start"),
  runFeature1: row("04001101", bits(1), "run feature byte 1"),
  reportMode: row("04001104", hex(8), "active-report mode word"),

  // limits (0400 0E..10, 14)
  importedPowerLimit: row("04000E01", decimal(3, 4, "kW"), "forward active power, upper limit"),
  exportedPowerLimit: row("04000E02", decimal(3, 4, "kW"), "reverse active power, upper limit"),
  voltageUpperLimit: row("04000E03", decimal(2, 1, "V"), "voltage, upper limit"),
  voltageLowerLimit: row("04000E04", decimal(2, 1, "V"), "voltage, lower limit"),
  alarmEnergy1: row("04000F01", energy(), "alarm energy 1"),
  alarmEnergy2: row("04000F02", energy(), "alarm energy 2"),
  hoardingEnergyLimit: row("04000F03", energy(), "hoarding energy limit"),
  overdraftEnergyLimit: row("04000F04", energy(), "overdraft energy limit"),
  alarmAmount1: row("04001001", bcdFen, "alarm amount 1"),
  alarmAmount2: row("04001002", bcdFen, "alarm amount 2"),
  overdraftLimit: row("04001003", bcdFen, "overdraft amount limit"),
  hoardingLimit: row("04001004", bcdFen, "hoarding amount limit; 0 means none in one firmware"),
  armingLimit: row("04001005", bcdFen, "amount from which closing is allowed"),
  hourlyFreezeStart: row("04001201", moment("YYMMDDhhmm"), "hourly-freeze start"),
  hourlyFreezeInterval: row("04001202", count(1, "min"), "hourly-freeze interval"),
  dailyFreezeAt: row("04001203", moment("hhmm"), "daily-freeze time"),
  timedFreezeAt: row("04001204", moment("MMDDhhmm"), "timed-freeze time"),
  wirelessState: row("04001301", byte, "wireless online and signal indication"),
  tripDelay: row("04001401", minutes, "pre-trip delay: alarm time before a trip"),
  tripCurrentLimit: row("04001402", decimal(3, 3, "A"), "relay trip current threshold: above it the trip waits"),
  tripHoldOff: row("04001403", minutes, "longest wait of a trip for the current to fall"),
  infraredValidity: row("04001404", count(1, "min"), "infrared authentication validity"),
  reportResetTime: row("04001405", count(1, "min"), "report reset time"),
  cardState: row("04001502", bits(2), "card insertion state word"),

  // limits of events (0409)
  voltageUnbalanceLimit: row("04090501", decimal(2, 2, "%"), "voltage unbalance limit"),
  voltageUnbalanceDelay: row("04090502", count(1, "s"), "voltage unbalance delay"),
  currentUnbalanceLimit: row("04090601", decimal(2, 2, "%"), "current unbalance limit"),
  currentUnbalanceDelay: row("04090602", count(1, "s"), "current unbalance delay"),
  overcurrentLimit: row("04090801", decimal(2, 1, "A"), "over-current trigger"),
  overloadLimit: row("04090B01", decimal(3, 4, "kW"), "overload trigger"),
  overloadDelay: row("04090B02", count(1, "s"), "overload delay"),

  // manufacturer (0480)
  softwareVersion: row("04800001", ascii(32), "manufacturer's software version"),
  hardwareVersion: row("04800002", ascii(32), "manufacturer's hardware version"),
  manufacturerCode: row("04800003", ascii(32), "manufacturer's code"),
  registeredSoftware: row("04800004", ascii(8), "registered software number"),

  // relay events (1D, 1E, newest) and the daily freeze
  disconnectCount: row("1D000001", count(3, "times"), "relay trips"),
  disconnectTime: row("1D000101", moment("YYMMDDhhmmss"), "newest relay trip: when"),
  disconnectOperator: row("1D000201", hex(4), "newest relay trip: operator code"),
  reconnectCount: row("1E000001", count(3, "times"), "relay closings"),
  reconnectTime: row("1E000101", moment("YYMMDDhhmmss"), "newest relay closing: when"),
  reconnectOperator: row("1E000201", hex(4), "newest relay closing: operator code"),
  dailyFreezeTime: row("05060001", moment("YYMMDDhhmm"), "newest daily freeze: when"),
} as const;

export type ItemName = keyof typeof dictionary;
export type ValueOf<N extends ItemName> = (typeof dictionary)[N]["format"] extends Format<infer T> ? T : never;

/** Blocks and series that have a name of their own beside their digits. */
const BLOCKS: ReadonlyMap<string, string> = new Map([
  ["combinedEnergyBlock", "0000FF00"],
  ["importedEnergyBlock", "0001FF00"],
  ["exportedEnergyBlock", "0002FF00"],
  ["voltageBlock", "0201FF00"],
  ["currentBlock", "0202FF00"],
  ["powerBlock", "0203FF00"],
  ["powerFactorBlock", "0206FF00"],
  ["runStateWords", "040005FF"],
  ["tariffPriceBlock", "040501FF"],
  ["standbyTariffPriceBlock", "040502FF"],
  ["purchaseRecord", "0333FF01"],
  ["refundRecord", "03340001"],
  ["disconnectRecord", "1D00FF01"],
  ["reconnectRecord", "1E00FF01"],
  ["dailyFreezeImportedEnergy", "05060101"],
]);

const itemOfRow = (name: string, { di, format, title }: Row<unknown>): Item =>
  item({ di, name, title, zh: "", shape: one(name, format) });
const rows: readonly (readonly [string, Row<unknown>])[] = Object.entries(dictionary);
const byName: ReadonlyMap<string, Item> = new Map(rows.map(([name, each]) => [name, itemOfRow(name, each)]));
/** The first row of an identifier speaks for it. */
const byDi: ReadonlyMap<string, Item> = new Map(
  rows
    .filter(([, each], i) => rows.findIndex(([, other]) => other.di === each.di) === i)
    .map(([name, each]) => [each.di, itemOfRow(name, each)]),
);

/** By name or by eight hex digits; undefined for what nobody has described. */
export function itemOf(nameOrDi: string): Item | undefined {
  const named = byName.get(nameOrDi);
  if (named !== undefined) return named;
  const di = (BLOCKS.get(nameOrDi) ?? nameOrDi).toUpperCase();
  if (!/^[0-9A-F]{8}$/.test(di)) return undefined;
  const item = byDi.get(di) ?? familyItem(di);
  return item === undefined || !BLOCKS.has(nameOrDi) ? item : { ...item, name: nameOrDi };
}

export const itemNames = (): string[] => [...byName.keys(), ...BLOCKS.keys()];
