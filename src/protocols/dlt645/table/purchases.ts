/**
 * Purchases and refunds (DI3 = 03, DI2 = 32 to 34, supplement of 2009): what a prepayment meter remembers of the ten newest. Meters of
 * the energy type count kWh under 0332, those of the money type yuan under 0333. There is no total count at DI0 = 00.
 */
import { bcdFen, count, energy, moment } from "../formats/formats.ts";
import type { Format } from "../formats/format.ts";
import { field } from "../item.ts";
import type { Field } from "../item.ts";
import { fieldFamily, valueFamily } from "./row.ts";
import type { FamilyRow, TableRow } from "./row.ts";
import { NEWEST, RECORD } from "./variable.ts";

const minute = moment("YYMMDDhhmm");
const SIZES = "sizes by a concentrator's table";

function purchases<T>(di2: string, prefix: string, quantity: Format<T>, kind: readonly [en: string, zh: string]) {
  const part = <P>(di1: string, name: string, en: string, zh: string, format: Format<P>, note = SIZES): FamilyRow<P> =>
    valueFamily(
      {
        di: `03${di2}${di1}NN`,
        variables: [NEWEST],
        name: `${name}{NN}`,
        words: `${kind[0]}, {NN}: ${en} | {NN}${kind[1]}:${zh}`,
        standing: "r fee high",
        note,
      },
      format,
    );
  const name = (word: string): string => (prefix === "" ? word : prefix + word.charAt(0).toUpperCase() + word.slice(1));
  const parts = {
    time: part("01", name("purchaseTime"), "when", "购电日期", minute),
    count: part(
      "02",
      name("purchaseCount"),
      "purchase count after it",
      "购电后总购电次数",
      count(2, "times"),
      `${SIZES}; the newest is the purchase count that needs no keys, BCD, back to 0 at 10000`,
    ),
    amount: part("03", name("purchaseAmount"), "amount", "购电量/购电金额", quantity),
    before: part("04", name("purchaseBalanceBefore"), "remaining before", "购电前剩余", quantity),
    after: part("05", name("purchaseBalanceAfter"), "remaining after", "购电后剩余", quantity),
    total: part("06", name("purchaseTotal"), "all purchases together", "购电后累计购电", quantity),
  };
  const fields = Object.values(parts).map((each: FamilyRow<unknown>): Field => field(each.name.replace("{NN}", ""), each.format));
  const whole = fieldFamily(
    {
      di: `03${di2}FFNN`,
      variables: [RECORD],
      name: `${name("purchaseRecord")}{NN}`,
      words: `${kind[0]}, {NN} | {NN}${kind[1]}数据块`,
      standing: "r fee medium",
      note: "the six fields one after the other",
    },
    () => fields,
    { pattern: "record" },
  );
  return { parts, whole };
}

const energyType = purchases("32", "energy", energy(), ["energy purchase", "购电(电量)记录"]);
const moneyType = purchases("33", "", bcdFen, ["top-up", "购电(金额)记录"]);

const refund = fieldFamily(
  {
    di: "033400NN",
    variables: [RECORD],
    name: "refundRecord{NN}",
    words: "refund, {NN} | {NN}退费记录",
    standing: "r fee medium",
    note: "time, purchase count, amount, remaining before and after; one firmware",
  },
  () => [
    field("refundTime", minute),
    field("purchaseCount", count(2, "times")),
    field("refundAmount", bcdFen),
    field("refundBalanceBefore", bcdFen),
    field("refundBalanceAfter", bcdFen),
  ],
);

export const purchaseValues = {
  purchaseTime: moneyType.parts.time.at(1),
  purchaseCount: moneyType.parts.count.at(1),
  purchaseAmount: moneyType.parts.amount.at(1),
  purchaseBalanceBefore: moneyType.parts.before.at(1),
  purchaseBalanceAfter: moneyType.parts.after.at(1),
  purchaseTotal: moneyType.parts.total.at(1),
  energyPurchaseCount: energyType.parts.count.at(1),
};
export const purchaseRows: readonly TableRow[] = [
  ...Object.values(energyType.parts),
  energyType.whole,
  ...Object.values(moneyType.parts),
  moneyType.whole,
  refund,
];
