/**
 * Names of values in Chinese, for the page that people read. A name such as "importedDemandTariff2Time" is put together from words,
 * and so is its translation: 正向有功需量·费率2·时间. Where an item has a title of its own (`item.zh`), that one is better.
 */

/** Longest first is decided below; here they stand by what they are about. */
const WORDS: Readonly<Record<string, string>> = {
  // quantities
  combined: "组合有功",
  imported: "正向有功",
  exported: "反向有功",
  reactive1: "组合无功1",
  reactive2: "组合无功2",
  quadrant1: "第一象限无功",
  quadrant2: "第二象限无功",
  quadrant3: "第三象限无功",
  quadrant4: "第四象限无功",
  importedApparent: "正向视在",
  exportedApparent: "反向视在",
  associated: "关联",
  importedFundamental: "正向有功基波",
  exportedFundamental: "反向有功基波",
  importedHarmonic: "正向有功谐波",
  exportedHarmonic: "反向有功谐波",
  copperLoss: "铜损补偿",
  ironLoss: "铁损补偿",
  energy: "电能",
  demand: "需量",
  reactiveDemand: "无功需量",
  apparentDemand: "视在需量",
  voltage: "电压",
  current: "电流",
  power: "有功功率",
  averagePower: "一分钟平均有功功率",
  reactivePower: "无功功率",
  apparentPower: "视在功率",
  powerFactor: "功率因数",
  phaseAngle: "相角",
  frequency: "频率",
  temperature: "温度",
  neutral: "零线",
  live: "火线",
  distortion: "波形失真度",
  harmonic: "谐波含量",
  harmonicOrder: "谐波次数",
  order: "次",
  ampereHours: "安时数",
  increment: "增量",
  consumption: "用电量",
  // when, which, how much
  tariff: "费率",
  settlement: "上结算日",
  settlements: "各结算日",
  settlementDay: "结算日",
  settlementPeriod: "结算周期",
  settlementTime: "结算时间",
  yearlySettlement: "年结算日",
  month: "月",
  year: "年",
  of: "",
  back: "往前",
  block: "数据块",
  curve: "曲线",
  time: "时间",
  start: "开始时刻",
  end: "结束时刻",
  before: "之前",
  after: "之后",
  max: "最大值",
  min: "最小值",
  count: "次数",
  counts: "次数",
  total: "累计",
  record: "记录",
  last: "上次",
  limit: "限值",
  delay: "延时",
  rest: "剩余字节",
  part: "部分数据",
  data: "数据",
  extra: "多余字节",
  // events
  voltageLoss: "失压",
  underVoltage: "欠压",
  overVoltage: "过压",
  phaseFailure: "断相",
  currentLoss: "失流",
  overCurrent: "过流",
  currentInterruption: "断流",
  powerFlowReversal: "潮流反向",
  overload: "过载",
  totalVoltageLoss: "全失压",
  auxiliarySupplyLoss: "辅助电源失电",
  voltageReversePhaseSequence: "电压逆相序",
  currentReversePhaseSequence: "电流逆相序",
  voltageReverseSequence: "电压逆相序",
  currentReverseSequence: "电流逆相序",
  voltageUnbalance: "电压不平衡",
  currentUnbalance: "电流不平衡",
  severeCurrentUnbalance: "电流严重不平衡",
  unbalance: "不平衡率",
  clockBatteryLow: "时钟电池欠压",
  powerDown: "掉电",
  demandOverLimit: "需量超限",
  powerFactorLow: "功率因数超下限",
  magneticInterference: "恒定磁场干扰",
  loadSwitchMalfunction: "负荷开关误动作",
  supplyAbnormality: "电源异常",
  monitoredTime: "监测时间",
  passRate: "合格率",
  overRate: "超限率",
  overTime: "超上限时间",
  underTime: "超下限时间",
  voltageQuality: "电压合格率统计",
  // what people did
  programming: "编程",
  meterClear: "电表清零",
  demandClear: "需量清零",
  eventClear: "事件清零",
  clockSetting: "校时",
  slotTableProgramming: "时段表编程",
  zoneTableProgramming: "时区表编程",
  weekendProgramming: "周休日编程",
  holidayProgramming: "节假日编程",
  activeCombinationProgramming: "有功组合方式编程",
  reactiveCombination: "无功组合方式",
  settlementDayProgramming: "结算日编程",
  meterCoverOpening: "开表盖",
  terminalCoverOpening: "开端钮盖",
  tariffPriceProgramming: "费率参数表编程",
  stepTableProgramming: "阶梯表编程",
  keyUpdate: "密钥更新",
  abnormalCardInsertion: "异常插卡",
  illegalCardInsertion: "非法插卡",
  cleared: "清零的数据标识",
  item: "数据标识",
  screen: "屏号",
  zone: "时区",
  slot: "时段",
  table: "表",
  weekendTable: "周休日时段表",
  holiday: "公共假日",
  // money
  purchase: "购电",
  refund: "退费",
  amount: "金额",
  balance: "剩余金额",
  overdraft: "透支金额",
  remaining: "剩余",
  price: "电价",
  standby: "备用套",
  tariffPrice: "费率电价",
  stepPrice: "阶梯电价",
  stepThreshold: "阶梯值",
  disconnect: "跳闸",
  reconnect: "合闸",
  // freezes
  timedFreeze: "定时冻结",
  instantFreeze: "瞬时冻结",
  zoneSwitchFreeze: "时区表切换冻结",
  slotSwitchFreeze: "日时段表切换冻结",
  priceSwitchFreeze: "费率电价切换冻结",
  stepSwitchFreeze: "阶梯切换冻结",
  dailyFreeze: "日冻结",
  hourlyFreeze: "整点冻结",
  runStateWord: "运行状态字",
  // requests and replies
  address: "通信地址",
  communicationAddress: "通信地址",
  newAddress: "新通信地址",
  meterNumber: "表号",
  customerNumber: "客户编号",
  level: "权限",
  password: "密码",
  old: "原",
  new: "新",
  operator: "操作者代码",
  sequence: "帧序号",
  blocks: "块数",
  from: "起始时刻",
  displayed: "显示的数据标识",
  freezeAt: "冻结时刻",
  baud: "波特率",
  output: "多功能端子输出",
  reserved: "保留",
  deadline: "命令有效截止时间",
  restoreAfter: "自动恢复时间",
  extendedReply: "扩展应答",
  result: "结果",
  done: "已执行",
  cipher: "密文",
  mac: "MAC",
  random: "随机数",
  factor: "分散因子",
  serial: "ESAM序列号",
  minutes: "时效",
  keyInfo: "密钥信息",
  length: "长度",
  file: "文件",
  directory: "目录",
  // bits of words
  relay: "继电器",
  relayOrder: "继电器命令",
  preTripAlarm: "预跳闸报警",
  protected: "保电",
  identityValid: "身份认证有效",
  accountOpened: "已开户",
  prepayment: "预付费类型",
  states: "状态",
  reversed: "反向",
  faults: "故障",
  weekday: "星期",
  A: "A相",
  B: "B相",
  C: "C相",
};

/** Words that say of which: their number stands inside the Chinese. */
const NUMBERED: Readonly<Record<string, (n: string) => string>> = {
  settlement: (n) => `(上${n}结算日)`,
  last: (n) => `(上${n}次)`,
  month: (n) => `(上${n}月)`,
  tariff: (n) => `费率${n}`,
  order: (n) => `${n}次`,
};

const TRANSLATED: ReadonlyMap<string, string> = new Map(Object.entries(WORDS).map(([word, zh]) => [word.toLowerCase(), zh]));
/** "powerFactorLowCount" begins with three words that belong together. */
const WORDS_TOGETHER_MAX = 4;

/** Undefined where a word of the name is not known. The phase, last in a name, stands first in Chinese. */
export function nameZh(name: string): string | undefined {
  const words = name.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+/g) ?? [];
  const phase = /^[ABC]$/.test(words.at(-1) ?? "") ? `${words.pop()!}相` : "";
  const parts: string[] = [phase];
  for (let at = 0; at < words.length;) {
    const taken = longestAt(words, at);
    if (taken === undefined) return undefined;
    parts.push(taken.zh);
    at += taken.words;
  }
  return parts.join("");
}

interface Taken {
  readonly words: number;
  readonly zh: string;
}

function longestAt(words: readonly string[], at: number): Taken | undefined {
  const numbered = NUMBERED[words[at]!.toLowerCase()];
  if (numbered !== undefined && /^\d+$/.test(words[at + 1] ?? "")) return { words: 2, zh: numbered(words[at + 1]!) };
  for (let count = Math.min(WORDS_TOGETHER_MAX, words.length - at); count > 0; count -= 1) {
    const zh = TRANSLATED.get(
      words
        .slice(at, at + count)
        .join("")
        .toLowerCase(),
    );
    if (zh !== undefined) return { words: count, zh };
  }
  return /^\d+$/.test(words[at]!) ? { words: 1, zh: words[at]! } : undefined;
}
