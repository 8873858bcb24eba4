/**
 * One frame in one line, for people who read a recording: where to, which function, which item, what value, why not.
 *
 *     → 202611220001 read 00900200 balance                  → 202611220001 读数据 00900200 剩余金额
 *     ← 202611220001 read 00900200 balance: 50.00 yuan      ← 202611220001 读数据 00900200 剩余金额:50.00元
 *     ← 202611220001 write refused: no such data (ERR 02)
 *
 * From small tables of its own: the street shares no protocol code with the gateway, and a telling that shared it would repeat
 * its mistakes. A password is never told; a cipher is told by its length.
 */
import { bcdDigits, hex, reversed } from "../bytes.ts";
import { dataItemOf, FrameReader } from "../wire.ts";
import type { Frame } from "../wire.ts";
import { bitsSet, errBits, relayDoneBits, relayRefusalBits, serrBits, type BitTable } from "./bits.ts";
import { itemOf } from "./items.ts";
import { functions, relayOrders } from "./orders.ts";
import { whatIsBroken } from "./broken.ts";
import { binaryCount, binaryMoney, forms } from "./values.ts";
import type { Said } from "./values.ts";

const both = (text: string): Said => ({ en: text, zh: text });
const NOTHING = both("");
const withItem: readonly number[] = [0x03, 0x11, 0x12, 0x14];

/** Bytes from a wire; the first frame in them is told, and how many bytes stand beside it. */
export function tell(bytes: Uint8Array): Said {
  const [frame, ...more] = new FrameReader().push(bytes, 0);
  if (frame === undefined) return tellBroken(bytes);
  const told = tellFrame(frame);
  if (more.length === 0) return told;
  return { en: `${told.en} (and ${more.length} more)`, zh: `${told.zh}(另有${more.length}帧)` };
}

function tellBroken(bytes: Uint8Array): Said {
  const size = bytes.length;
  switch (whatIsBroken(bytes)) {
    case "wrong-checksum":
      return { en: `${size} bytes, a frame whose checksum is wrong`, zh: `${size}字节,校验和错误的帧` };
    case "torn":
      return { en: `${size} bytes, the beginning of a frame`, zh: `${size}字节,不完整的帧` };
    case "noise":
      return { en: `${size} bytes that are no frame`, zh: `${size}字节,非协议数据` };
  }
}

export function tellFrame(frame: Frame): Said {
  const { control, data, address } = frame;
  const isReply = (control & 0x80) !== 0;
  const code = control & 0x1f;
  const name = functions[code] ?? both(`${hex(Uint8Array.of(code))}H`);
  const head = `${isReply ? "←" : "→"} ${address}`;
  if (isReply && (control & 0x40) !== 0) {
    const { en, zh } = refusal(code, data);
    return { en: `${head} ${name.en} refused: ${en}`, zh: `${head} ${name.zh} 拒绝:${zh}` };
  }
  const item = withItem.includes(code) && data.length >= 4 ? dataItemOf(data) : undefined;
  const known = item === undefined ? undefined : itemOf(item);
  const subject = item === undefined ? NOTHING : known === undefined ? both(` ${item}`) : named(item, known);
  const value = isReply ? answered(code, data, item, (control & 0x20) !== 0) : asked(code, data, item);
  const tail = value === undefined ? NOTHING : { en: `: ${value.en}`, zh: `:${value.zh}` };
  return { en: `${head} ${name.en}${subject.en}${tail.en}`, zh: `${head} ${name.zh}${subject.zh}${tail.zh}` };
}

const named = (item: string, { en, zh }: Said): Said => ({ en: ` ${item} ${en}`, zh: ` ${item} ${zh}` });

const valueOf = (item: string | undefined, bytes: Uint8Array): Said => {
  const known = item === undefined ? undefined : itemOf(item);
  return known === undefined ? forms.bytes(bytes) : forms[known.form](bytes);
};

function answered(code: number, data: Uint8Array, item: string | undefined, isMore: boolean): Said | undefined {
  if (item !== undefined && code !== 0x03) {
    // What is read on ends with its number.
    const bytes = data.slice(4, code === 0x12 ? -1 : undefined);
    if (bytes.length === 0) return code === 0x11 ? { en: "no data", zh: "无数据" } : undefined;
    const { en, zh } = isMore || code === 0x12 ? forms.bytes(bytes) : valueOf(item, bytes);
    return isMore ? { en: `${en}, more follows`, zh: `${zh},有后续帧` } : { en, zh };
  }
  switch (code) {
    case 0x03:
      return securityAnswer(data, item);
    case 0x13:
      return forms.digits12(data);
    case 0x18:
      return { en: `level ${hex(data.slice(0, 1))}, password ••••••`, zh: `${hex(data.slice(0, 1))}级,密码 ••••••` };
    case 0x1c:
      return data.length === 2 ? listed(data, relayDoneBits) : undefined;
    default:
      return data.length === 0 ? undefined : forms.bytes(data);
  }
}

function securityAnswer(data: Uint8Array, item: string | undefined): Said | undefined {
  if (item === "078102FF" && data.length === 30) return purse(data.slice(4, 8), data.slice(12, 16));
  if (item === "070002FF" && data.length === 22) return purse(data.slice(10, 14), data.slice(14, 18));
  return data.length > 4 ? { en: `${data.length - 4} bytes`, zh: `${data.length - 4}字节` } : undefined;
}

function purse(balance: Uint8Array, count: Uint8Array): Said {
  const money = binaryMoney(balance);
  return { en: `balance ${money.en}, count ${binaryCount(count)}`, zh: `剩余金额${money.zh},购电次数${binaryCount(count)}` };
}

function asked(code: number, data: Uint8Array, item: string | undefined): Said | undefined {
  switch (code) {
    case 0x03:
      return item === "070101FF" || item === "070102FF" ? purchase(data) : undefined;
    case 0x08:
      return forms.stamp(data);
    case 0x14:
      return data.length > 12 ? written(data, item) : undefined;
    case 0x15:
      return forms.digits12(data);
    case 0x16:
      return frozen(data);
    case 0x17:
      return forms.bytes(data);
    case 0x18:
      return both("••••••");
    case 0x19:
    case 0x1a:
    case 0x1b:
      return byLevel(data);
    case 0x1c:
      return relayOrder(data);
    default:
      return undefined;
  }
}

function purchase(data: Uint8Array): Said | undefined {
  if (data.length < 26) return undefined;
  const money = binaryMoney(data.slice(8, 12));
  const [count, customer] = [binaryCount(data.slice(12, 16)), hex(reversed(data.slice(20, 26)))];
  return { en: `${money.en}, count ${count}, customer ${customer}`, zh: `${money.zh},第${count}次,客户${customer}` };
}

const isSecured = (level: number): boolean => level >= 0x96 && level <= 0x99;

function written(data: Uint8Array, item: string | undefined): Said {
  const level = data[4]!;
  if (level === 0x98 || level === 0x96) return byLevel(data.slice(4), `${data.length - 16}`);
  const { en, zh } = valueOf(item, data.slice(12, level === 0x99 || level === 0x97 ? -4 : undefined));
  const by = byLevel(data.slice(4));
  return { en: `${en}, ${by.en}`, zh: `${zh},${by.zh}` };
}

/** Who writes or clears: a level and a password that nobody is told, or a proof. */
function byLevel(data: Uint8Array, cipherBytes?: string): Said {
  const level = hex(data.slice(0, 1));
  if (!isSecured(data[0] ?? 0)) return { en: `level ${level}, password ••••••`, zh: `${level}级,密码 ••••••` };
  if (cipherBytes === undefined) return { en: `level ${level} with MAC`, zh: `${level}级,带 MAC` };
  return { en: `level ${level}, ${cipherBytes} bytes of cipher with MAC`, zh: `${level}级,密文${cipherBytes}字节,带 MAC` };
}

function relayOrder(data: Uint8Array): Said {
  if (isSecured(data[0] ?? 0)) return byLevel(data, `${data.length - 12}`);
  const n1 = data[8] ?? 0;
  const order = relayOrders[n1] ?? both(`${hex(Uint8Array.of(n1))}H`);
  const until = forms.stamp(data.slice(10, 16));
  const by = byLevel(data);
  return { en: `${order.en}, valid until ${until.en}, ${by.en}`, zh: `${order.zh},有效期至${until.zh},${by.zh}` };
}

/** mm hh DD MM, 99 where it comes again and again. */
function frozen(data: Uint8Array): Said {
  const digits = data.length === 4 ? bcdDigits(data) : undefined;
  if (digits === undefined) return forms.bytes(data);
  return digits === "99999999"
    ? { en: "now", zh: "瞬时冻结" }
    : both(`${digits.slice(0, 2)}-${digits.slice(2, 4)} ${digits.slice(4, 6)}:${digits.slice(6)}`);
}

function refusal(code: number, data: Uint8Array): Said {
  const [table, name]: [BitTable, string] =
    code === 0x03 ? [serrBits, "SERR"] : data.length === 2 ? [relayRefusalBits, "status"] : [errBits, "ERR"];
  const { en, zh } = listed(data, table);
  const shown = hex(reversed(data));
  return { en: `${en} (${name} ${shown})`, zh: `${zh}(${name} ${shown})` };
}

function listed(data: Uint8Array, table: BitTable): Said {
  const set = bitsSet((data[0] ?? 0) | ((data[1] ?? 0) << 8), table);
  if (set.length === 0) return { en: "nothing", zh: "无" };
  return { en: set.map(({ en }) => en).join(", "), zh: set.map(({ zh }) => zh).join("、") };
}
