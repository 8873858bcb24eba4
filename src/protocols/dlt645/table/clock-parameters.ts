/**
 * Parameters of the clock and of what goes by it (0400 01 to 03, 0A, 0B, 12): date and time, the moments at which second sets of
 * tables take over, the sizes of those tables, what the display shows, load profile, settlement days and freezes.
 */
import { count, moment, set } from "../formats/formats.ts";
import { opaque } from "../item.ts";
import { named, rowsOf, shapesOf, valueFamily } from "./row.ts";
import type { TableRow } from "./row.ts";
import { numbered } from "./variable.ts";

const parameter = rowsOf("rw parameter high");
const parameterMedium = rowsOf("rw parameter medium");
const fee = rowsOf("rw fee high");
const feeLow = rowsOf("rw fee low");

const number = set(count(1));
const minutes = set(count(1, "min"));
const seconds = set(count(1, "s"));
const ratio = set(count(3));
const switchTime = moment("YYMMDDhhmm");
const LEVEL_99 = "class-1 parameter, level 99";

const clock = named({
  date: parameter("04000101", moment("YYMMDDWW"), "date and weekday | 日期及星期", "WW 0 Sunday to 6 Saturday"),
  time: parameter("04000102", moment("hhmmss"), "time | 时间"),
  dateTime: parameter("0400010C", moment("YYMMDDWWhhmmss"), "date, weekday and time | 日期星期时间", "supplement"),
  demandPeriod: parameter("04000103", minutes, "demand period | 最大需量周期"),
  demandStep: parameter("04000104", minutes, "demand sliding step | 滑差时间"),
  pulseWidth: parameter("04000105", count(2, "ms"), "calibration pulse width | 校表脉冲宽度"),
  zoneTableSwitchTime: parameter(
    "04000106",
    switchTime,
    "switch time of the time-zone tables | 两套时区表切换时间",
    "all 00 or all 99: never",
  ),
  slotTableSwitchTime: parameter("04000107", switchTime, "switch time of the daily slot tables | 两套日时段表切换时间"),
  priceSwitchTime: fee("04000108", switchTime, "switch time of the tariff prices | 两套费率电价切换时间", LEVEL_99),
  stepSwitchTime: fee("04000109", switchTime, "switch time of the step prices | 两套阶梯切换时间", LEVEL_99),
  stepZoneSwitchTime: feeLow(
    "0400010A",
    switchTime,
    "switch time of the step time-zone tables | 两套阶梯时区切换时间",
    "Southern Grid",
  ),
  feeModeSwitchTime: feeLow(
    "0400010B",
    switchTime,
    "switch time of the fee-control mode | 费控模式切换时间",
    "Southern Grid; size by its neighbours",
  ),
});

const sizes = named({
  zoneCount: parameter("04000201", number, "yearly time zones | 年时区数", "at most 14"),
  slotTableCount: parameter("04000202", number, "daily slot tables | 日时段表数", "at most 8"),
  slotCount: parameter("04000203", number, "slots per day | 日时段数", "at most 14"),
  tariffCount: parameter("04000204", number, "tariffs | 费率数", "at most 63; the length of every block of tariffs"),
  holidayCount: parameter("04000205", set(count(2)), "public holidays | 公共假日数", "at most 254"),
  harmonicOrder: parameter("04000206", number, "harmonic analysis order | 谐波分析次数"),
  stepCount: fee("04000207", number, "price steps | 阶梯数", "supplement"),
  keyCount: rowsOf("r security medium")("04000208", number, "keys | 密钥总条数", "supplement"),
});

const display = named({
  autoScreenCount: parameter(
    "04000301",
    number,
    "auto-scroll screens | 自动循环显示屏数",
    "one newer firmware keeps the time of full display after power-up here",
  ),
  screenSeconds: parameter("04000302", seconds, "seconds per screen | 每屏显示时间"),
  energyDecimals: parameter("04000303", number, "energy decimals on the display | 显示电能小数位数"),
  powerDecimals: parameter("04000304", number, "power decimals on the display | 显示功率(最大需量)小数位数"),
  keyScreenCount: parameter("04000305", number, "key-scroll screens | 按键循环显示屏数"),
  currentRatio: parameter(
    "04000306",
    ratio,
    "current transformer ratio | 电流互感器变比",
    "level 99; readings are of the secondary side unless the meter applies it",
  ),
  voltageRatio: parameter("04000307", ratio, "voltage transformer ratio | 电压互感器变比", "level 99"),
  fullDisplaySeconds: parameterMedium("04000308", seconds, "full display after power-up | 上电全显时间", "supplement"),
});
/** A read that is none: function 11 with five more bytes, which the reply repeats. */
const shown = named({
  displayedItem: shapesOf("r parameter medium")(
    "04040300",
    (name) => opaque(name, "-", null),
    "view an item on the display | 液晶查看",
    "function 11 with identifier (4) and screen (1) of what to show; all FF lights everything",
  ),
});

const times = named({
  profileStart: parameter("04000A01", moment("MMDDhhmm"), "load-profile start | 负荷记录起始时间"),
  hourlyFreezeStart: parameter("04001201", moment("YYMMDDhhmm"), "hourly-freeze start | 整点冻结起始时间"),
  hourlyFreezeInterval: parameter("04001202", minutes, "hourly-freeze interval | 整点冻结时间间隔"),
  dailyFreezeAt: parameter("04001203", moment("hhmm"), "daily-freeze time | 日冻结时间"),
  timedFreezeAt: parameterMedium("04001204", moment("MMDDhhmm"), "timed-freeze time | 定时冻结时间", "99 as in function 16"),
});
const CLASS = { ...numbered("LL", "class plus one", 7, { word: (n) => String(n - 1), zh: (n) => String(n - 1) }), first: 2 };
const profileInterval = valueFamily(
  {
    di: "04000ALL",
    variables: [{ ...CLASS, en: (n) => `class ${n - 1}`, says: "02..07: load-profile class 1 to 6" }],
    name: "profileInterval{LL}",
    words: "load-profile interval, {LL} | 第{LL}类负荷记录间隔时间",
    standing: "rw parameter high",
  },
  set(count(2, "min")),
);
const settlementDay = valueFamily(
  {
    di: "04000BLL",
    variables: [numbered("LL", "settlement day of the month", 3)],
    name: "settlementDay{LL}",
    words: "settlement day {LL} of the month | 每月第{LL}结算日",
    standing: "rw parameter high",
    note: "9999: unused",
  },
  moment("DDhh"),
);

export const clockValues = { ...clock, ...sizes, ...display, ...times };
export const clockRows: readonly TableRow[] = [
  ...Object.values(clockValues),
  ...Object.values(shown),
  profileInterval,
  settlementDay,
];
