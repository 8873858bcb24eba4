/**
 * What the meter measures now (DI3 = 02, table A.3): DI2 the quantity, DI1 the phase, and the harmonics, whose order stands in DI0;
 * and 0280, what has no phase.
 */
import { count, decimal } from "../formats/formats.ts";
import { fieldFamily, named, rowsOf, valueFamily } from "./row.ts";
import type { Confidence, FamilyRow, TableRow } from "./row.ts";
import type { Format } from "../formats/format.ts";
import { field } from "../item.ts";
import { HARMONIC, PLAIN_PHASE, TOTAL_AND_PHASES } from "./variable.ts";

const SIGN = "the top bit is the direction";
const kW = decimal(3, 4, "kW", true);
const kvar = decimal(3, 4, "kvar", true);
// Some vendors put a sign on it; the reference asks to accept it.
const kVA = decimal(3, 4, "kVA", true);
const ampere = decimal(3, 3, "A", true);
const factor = decimal(2, 3, null, true);
const percent = decimal(2, 2, "%");

/** Three phases, or the total and three phases. */
const phased = <T>(
  di2: string,
  name: string,
  [en, zh, block = zh]: readonly [string, string, string?],
  format: Format<T>,
  { total = false, note = "", confidence = "high" }: { total?: boolean; note?: string; confidence?: Confidence } = {},
): FamilyRow<T> =>
  valueFamily(
    {
      di: `02${di2}PP00`,
      variables: [total ? TOTAL_AND_PHASES : PLAIN_PHASE],
      name: `${name}{PP}`,
      words: `${en}, {PP} | {PP}${zh}`,
      patternWords: `${en} | ${zh}`,
      blockWords: { PP: `${en}, {PP} | ${block}数据块` },
      standing: `r instantaneous ${confidence}`,
      note,
    },
    format,
  );

const voltage = phased("01", "voltage", ["voltage", "电压"], decimal(2, 1, "V"));
const current = phased("02", "current", ["current", "电流"], ampere, { note: SIGN });
const power = phased("03", "power", ["active power", "瞬时有功功率"], kW, { total: true, note: SIGN });
const reactivePower = phased("04", "reactivePower", ["reactive power", "瞬时无功功率"], kvar, { total: true });
const apparentPower = phased("05", "apparentPower", ["apparent power", "瞬时视在功率"], kVA, {
  total: true,
  confidence: "medium",
  note: "unsigned by the book; some meters set the top bit",
});
const powerFactor = phased("06", "powerFactor", ["power factor", "功率因数"], factor, {
  total: true,
  note: "magnitude up to 1.000",
});
const PHASED: readonly TableRow[] = [
  voltage,
  current,
  power,
  reactivePower,
  apparentPower,
  powerFactor,
  phased("07", "phaseAngle", ["phase angle", "相角"], decimal(2, 1, "deg"), { note: "between voltage and current, 0 to 359.9" }),
  phased("08", "voltageDistortion", ["total harmonic distortion of the voltage", "电压波形失真度"], percent),
  phased("09", "currentDistortion", ["total harmonic distortion of the current", "电流波形失真度"], percent),
];

/** 020A and 020B: one row for each phase, the order in DI0. */
const HARMONICS: readonly TableRow[] = [["0A", "voltage", "电压"] as const, ["0B", "current", "电流"] as const].flatMap(
  ([di2, what, zh]) =>
    (["A", "B", "C"] as const).map((phase, i) =>
      fieldFamily(
        {
          di: `02${di2}0${i + 1}HH`,
          variables: [HARMONIC],
          name: `${what}Harmonic${phase}{HH}`,
          words: `harmonic content of the ${what}, phase ${phase}, {HH} | ${phase}相${zh}{HH}谐波含量`,
          blockWords: { HH: `harmonic content of the ${what}, phase ${phase}, {HH} | ${phase}相${zh}谐波含量数据块` },
          standing: "r instantaneous high",
          note: "as many orders as 04000206 says",
        },
        (name) => [field(name, percent)],
      ),
    ),
);

const now = rowsOf("r instantaneous high");
const nowMedium = rowsOf("r instantaneous medium");
const nowLow = rowsOf("r instantaneous low");
const fee = rowsOf("r fee high");
const price = decimal(4, 4, "yuan/kWh");
const ONE_FIRMWARE = "extension of one firmware, single phase with two measuring elements";

const single = named({
  neutralCurrent: nowMedium("02800001", ampere, "neutral current | 零线电流", "sign as for current"),
  frequency: now("02800002", decimal(2, 2, "Hz"), "grid frequency | 电网频率"),
  averagePower: now("02800003", kW, "one-minute average of total active power | 一分钟有功总平均功率"),
  demand: now("02800004", kW, "present active demand | 当前有功需量"),
  reactiveDemand: now("02800005", kvar, "present reactive demand | 当前无功需量"),
  apparentDemand: now("02800006", decimal(3, 4, "kVA"), "present apparent demand | 当前视在需量"),
  temperature: now("02800007", decimal(2, 1, "degC", true), "temperature inside the meter | 表内温度", "top bit 1 is below zero"),
  clockBatteryVoltage: now("02800008", decimal(2, 2, "V"), "clock battery | 时钟电池电压(内部)"),
  readingBatteryVoltage: now("02800009", decimal(2, 2, "V"), "outage-reading battery | 停电抄表电池电压(外部)"),
  batteryMinutes: now("0280000A", count(4, "min"), "working time of the internal battery | 内部电池工作时间"),
  stepPrice: fee("0280000B", price, "present step price | 当前阶梯电价", "local mode only"),
  liveCurrent: nowLow("0280000E", ampere, "live-line current | 火线电流", ONE_FIRMWARE),
  livePower: nowLow("0280000F", kW, "live-line active power | 火线有功功率", ONE_FIRMWARE),
  livePowerFactor: nowLow("02800010", factor, "live-line power factor | 火线功率因数", ONE_FIRMWARE),
  price: fee("02800020", price, "present price | 当前电价", "tariff price and step price together"),
  tariffPrice: fee("02800021", price, "present tariff price | 当前费率电价"),
  identityMinutesLeft: nowMedium("02800022", count(2, "min"), "remaining identity-authentication time | 身份认证时效剩余时间"),
  infraredMinutesLeft: nowMedium("02800023", count(1, "min"), "remaining infrared-authentication time | 红外认证时效剩余时间"),
});

export const instantaneousValues = {
  voltage: voltage.at(1),
  current: current.at(1),
  power: power.at(0),
  reactivePower: reactivePower.at(0),
  apparentPower: apparentPower.at(0),
  powerFactor: powerFactor.at(0),
  ...single,
};
export const instantaneousRows: readonly TableRow[] = [...PHASED, ...HARMONICS, ...Object.values(single)];
