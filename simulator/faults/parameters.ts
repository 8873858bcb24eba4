/**
 * Everything that can be said about a fault besides its kind: one line a parameter, with its form, so that the control door, the
 * command line, a scenario file and a page all ask for the same and refuse the same. What a parameter does is told by the row of
 * each kind; this is only how it is written.
 */
import { z } from "zod";

interface NumberForm {
  readonly type: "number";
  readonly min: number;
  readonly max: number;
  readonly whole?: true;
}
interface TextForm {
  readonly type: "text";
  readonly pattern: RegExp;
  readonly wanted: string;
}
interface ChoiceForm {
  readonly type: "choice";
  readonly choices: readonly [string, ...string[]];
}
export type ParameterForm = (NumberForm | TextForm | ChoiceForm) & { readonly zh: string };

const whole = { type: "number", whole: true } as const;
const ms = { type: "number", min: 0, max: 600_000 } as const;
const text = (pattern: RegExp, wanted: string): TextForm => ({ type: "text", pattern, wanted });
const twelveDigits = text(/^\d{12}$/, "twelve digits");

export const parameterForms = {
  times: { ...whole, min: 1, max: 1_000_000, zh: "次数" },
  function: { ...text(/^[01][0-9A-F]$/i, 'two hex digits of a request from 00 to 1F, like "1C"'), zh: "功能码" },
  di: { ...text(/^[0-9A-F]{8}$/i, 'eight hex digits, like "070102FF"'), zh: "数据标识" },
  delayMs: { ...ms, zh: "延时(毫秒)" },
  gapMs: { ...ms, zh: "间隔(毫秒)" },
  offMs: { type: "number", min: 0, max: 86_400_000, zh: "断电时长(毫秒)" },
  byMs: { type: "number", min: -3_153_600_000_000, max: 3_153_600_000_000, zh: "时钟跳变(毫秒)" },
  msPerDay: { type: "number", min: -86_400_000, max: 86_400_000, zh: "日误差(毫秒)" },
  bytes: { ...whole, min: 1, max: 200, zh: "字节数" },
  bits: { ...whole, min: 1, max: 200, zh: "位数" },
  pieces: { ...whole, min: 2, max: 200, zh: "段数" },
  copies: { ...whole, min: 1, max: 20, zh: "份数" },
  rate: { type: "number", min: 0, max: 1, zh: "误码率" },
  error: { ...text(/^(?!0+$)([0-9A-F]{2}){1,2}$/i, "two or four hex digits, not all of them 0"), zh: "错误字" },
  window: { type: "choice", choices: ["from-second-68", "without-address", "with-wake-ups"], zh: "校验范围" },
  where: { type: "choice", choices: ["before", "inside", "after"], zh: "位置" },
  part: { type: "choice", choices: ["money", "count"], zh: "已执行部分" },
  direction: { type: "choice", choices: ["both", "to-meter", "from-meter"], zh: "方向" },
  fill: { type: "choice", choices: ["zeros", "garbage"], zh: "内容" },
  parity: { type: "choice", choices: ["none", "even", "odd"], zh: "校验位" },
  baud: { ...whole, min: 50, max: 4_000_000, zh: "波特率" },
  amount: { ...text(/^\d{1,6}(\.\d{1,2})?$/, 'yuan with at most two decimals, like "10.00"'), zh: "金额(元)" },
  by: { ...whole, min: 0, max: 1_000_000, zh: "购电次数增量" },
  with: { ...twelveDigits, zh: "对调表地址" },
  address: { ...twelveDigits, zh: "表地址" },
  customerNumber: { ...twelveDigits, zh: "客户编号" },
  meterNumber: { ...twelveDigits, zh: "表号" },
  text: { ...text(/^[\x20-\x7e]{1,80}$/, "1 to 80 printable characters"), zh: "文本" },
} as const satisfies Record<string, ParameterForm>;

export type ParameterName = keyof typeof parameterForms;

type ValueOf<Form> = Form extends { readonly choices: readonly (infer Choice)[] }
  ? Choice
  : Form extends { readonly type: "number" }
    ? number
    : string;

export type ParameterValues = { readonly [Name in ParameterName]?: ValueOf<(typeof parameterForms)[Name]> | undefined };

function shapeOf(form: ParameterForm): z.ZodType {
  if (form.type === "choice") return z.enum(form.choices);
  if (form.type === "text") return z.string().regex(form.pattern, form.wanted);
  const number = form.whole === true ? z.int() : z.number();
  return number.min(form.min).max(form.max);
}

/** A zod shape for every parameter; which of them a kind takes is checked with its row. */
export const parameterShapes: Readonly<Record<string, z.ZodType>> = Object.fromEntries(
  Object.entries(parameterForms).map(([name, form]) => [name, shapeOf(form).optional()]),
);

/** A value as it is written on a command line: a number where a number is wanted, else the text itself. */
export function parameterFromText(name: string, value: string): number | string {
  const form: ParameterForm | undefined = Object.hasOwn(parameterForms, name) ? parameterForms[name as ParameterName] : undefined;
  return form?.type === "number" && value.trim() !== "" ? Number(value) : value;
}

/** What a page needs to draw the field. */
export function fieldOf(name: ParameterName): object {
  const form: ParameterForm = parameterForms[name];
  if (form.type === "text") return { name, zh: form.zh, type: form.type, pattern: form.pattern.source, wanted: form.wanted };
  return { name, ...form };
}
