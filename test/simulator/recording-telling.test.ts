/** What a recording tells people about a frame, and what it never tells. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex, hex, joined, reversed } from "../../simulator/bytes.ts";
import { itemCount } from "../../simulator/telling/items.ts";
import { isMasked, maskedHex } from "../../simulator/telling/secrets.ts";
import { tell } from "../../simulator/telling/tell.ts";
import { dataItemBytes, writeFrame } from "../../simulator/wire.ts";
import { METER_A, plainOrder, writeData } from "./support/frames.ts";

const frame = (control: number, ...data: readonly (Uint8Array | string)[]): Uint8Array =>
  writeFrame({
    address: METER_A,
    control,
    data: joined(...data.map((part) => (typeof part === "string" ? fromHex(part) : part))),
  });
const di = dataItemBytes;

test.each([
  [frame(0x11, di("00900200")), "→ 202611220001 read 00900200 balance", "→ 202611220001 读数据 00900200 剩余金额"],
  [
    frame(0x91, di("00900200"), "50341200"),
    "← 202611220001 read 00900200 balance: 1234.50 yuan",
    "← 202611220001 读数据 00900200 剩余金额:1234.50元",
  ],
  [
    frame(0x91, di("00010000"), "67452301"),
    "← 202611220001 read 00010000 imported energy: 12345.67 kWh",
    "← 202611220001 读数据 00010000 正向有功总电能:12345.67 kWh",
  ],
  [
    frame(0x91, di("04000503"), "5002"),
    "← 202611220001 read 04000503 run-state word 3: 0250H, relay open, ordered to trip, money prepay",
    "← 202611220001 读数据 04000503 运行状态字3:0250H、继电器断开、继电器命令拉闸、电费型预付费",
  ],
  [
    frame(0x91, di("02030000"), "123480"),
    "← 202611220001 read 02030000 active power: -0.3412 kW",
    "← 202611220001 读数据 02030000 总有功功率:-0.3412 kW",
  ],
  [
    frame(0x91, di("0400010C"), "05041600221126"),
    "← 202611220001 read 0400010C clock: 2026-11-22 16:04:05",
    "← 202611220001 读数据 0400010C 日期时间:2026-11-22 16:04:05",
  ],
  [
    frame(0x91, di("02010200"), "FFFF"),
    "← 202611220001 read 02010200 voltage B: no data",
    "← 202611220001 读数据 02010200 B相电压:无数据",
  ],
  [frame(0x91, di("0A0B0C0D"), "0102"), "← 202611220001 read 0A0B0C0D: 0201", "← 202611220001 读数据 0A0B0C0D:0201"],
  [frame(0x91, di("00900200"), "5034AA00"), "← 202611220001 read 00900200 balance: 00AA3450", /剩余金额:00AA3450$/],
  [frame(0xd1, "02"), "← 202611220001 read refused: no such data (ERR 02)", "← 202611220001 读数据 拒绝:无请求数据(ERR 02)"],
  [
    frame(0xd4, "06"),
    "← 202611220001 write refused: no such data, password wrong or not authorised (ERR 06)",
    /拒绝:无请求数据、密码错或未授权\(ERR 06\)$/,
  ],
  [
    frame(0xc3, "2200"),
    "← 202611220001 security refused: repeated top-up, purchase count wrong (SERR 0022)",
    /安全认证 拒绝:重复充值、充值次数错误\(SERR 0022\)$/,
  ],
  [
    frame(0xdc, "1000"),
    "← 202611220001 relay order refused: deadline passed (status 0010)",
    /跳合闸命令 拒绝:命令有效期已过\(status 0010\)$/,
  ],
  [frame(0x9c, "0400"), "← 202611220001 relay order: disconnected", "← 202611220001 跳合闸命令:直接跳闸"],
  [frame(0x9c), "← 202611220001 relay order", "← 202611220001 跳合闸命令"],
  [
    frame(0x1c, plainOrder(0x1a, { password: "123456" })),
    "→ 202611220001 relay order: disconnect, valid until 2026-11-22 10:30:00, level 02, password ••••••",
    "→ 202611220001 跳合闸命令:跳闸,有效期至2026-11-22 10:30:00,02级,密码 ••••••",
  ],
  [
    frame(0x1c, "9800000101000000", new Uint8Array(20)),
    "→ 202611220001 relay order: level 98, 16 bytes of cipher with MAC",
    /98级,密文16字节,带 MAC$/,
  ],
  [
    frame(0x14, writeData("04001001", "00002000", { password: "123456" })),
    "→ 202611220001 write 04001001 alarm amount 1: 20.00 yuan, level 02, password ••••••",
    /报警金额1限值:20.00元,02级,密码 ••••••$/,
  ],
  [
    frame(0x03, di("070102FF"), "01000000", "88130000", "08000000", "11111111", "563412000000", "22222222"),
    "→ 202611220001 security 070102FF top-up: 50.00 yuan, count 8, customer 000000123456",
    /070102FF 充值:50.00元,第8次,客户000000123456$/,
  ],
  [
    frame(0x83, di("078102FF"), "E8030000", "11111111", "05000000", "22222222", "563412000000", "FFFF0F00"),
    "← 202611220001 security 078102FF purse status: balance 10.00 yuan, count 5",
    /状态查询:剩余金额10.00元,购电次数5$/,
  ],
  [frame(0x16, "99999999"), "→ 202611220001 freeze: now", "→ 202611220001 冻结命令:瞬时冻结"],
  [frame(0xb1, di("0333FF01"), "0102"), "← 202611220001 read 0333FF01 purchase record: 0201, more follows", /0201,有后续帧$/],
  [fromHex("0102030405"), "5 bytes that are no frame", "5字节,非协议数据"],
  [frame(0x11, di("00900200")).slice(0, 12), "12 bytes, the beginning of a frame", "12字节,不完整的帧"],
] as const)("%#: says in one line what travels", (bytes, en, zh) => {
  const told = tell(bytes);
  expect(told.en).toBe(en);
  expect(told.zh).toMatch(zh);
  expect(`${told.en}${told.zh}`).not.toContain("\n");
});

test("a frame whose checksum is wrong is told as one", () => {
  const bytes = frame(0x91, di("00900200"), "50341200");
  bytes[bytes.length - 2]! ^= 0x55;
  expect(tell(bytes).en).toBe("20 bytes, a frame whose checksum is wrong");
});

test("knows the items a fee-control engineer meets", () => expect(itemCount).toBeGreaterThanOrEqual(60));

describe("passwords", () => {
  const level = fc.constantFrom("00", "02", "03", "04");
  // Digits that nothing else in these frames is made of.
  const password = fc.stringMatching(/^[4-9]{6}$/);
  const carriers: readonly [string, (level: string, password: string) => Uint8Array][] = [
    ["write", (l, p) => frame(0x14, writeData("04001001", "00002000", { level: l, password: p }))],
    ["relay order", (l, p) => frame(0x1c, plainOrder(0x1a, { level: l, password: p }))],
    ["clear demand", (l, p) => frame(0x19, l, reversed(fromHex(p)), "01000000")],
    ["clear meter", (l, p) => frame(0x1a, l, reversed(fromHex(p)), "01000000")],
    ["clear events", (l, p) => frame(0x1b, l, reversed(fromHex(p)), "01000000FFFFFFFF")],
    ["change of password", (l, p) => frame(0x18, di("04000C01"), l, reversed(fromHex(p)), l, reversed(fromHex(p)))],
    ["its answer", (l, p) => frame(0x98, l, reversed(fromHex(p)))],
  ];

  test.each(carriers)("of a %s are in no line, whole, torn, or damaged", (_what, carry) => {
    fc.assert(
      fc.property(level, password, fc.nat(), fc.integer({ min: 0, max: 255 }), (l, p, at, byte) => {
        const whole = joined(fromHex("FEFE"), carry(l, p));
        const onWire = hex(reversed(fromHex(p)).map((b) => (b + 0x33) & 0xff));
        const damaged = Uint8Array.from(whole);
        // Behind the head: a frame that no longer begins like one is noise to everybody.
        damaged[12 + (at % (whole.length - 12))] = byte;
        for (const bytes of [whole, damaged, whole.slice(0, -3), joined(frame(0x11, di("00900200")), whole)]) {
          const [told, shown] = [tell(bytes), maskedHex(bytes)];
          expect(isMasked(shown)).toBe(true);
          expect(shown).not.toContain(onWire);
          if (bytes === whole) expect(shown).toHaveLength(whole.length * 2);
          expect(`${told.en} ${told.zh}`).not.toContain(`password ${p}`);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("a frame without any keeps every byte, also where a proof stands in a password's place", () => {
    for (const bytes of [frame(0x11, di("00900200")), frame(0x1c, "9800000101000000", new Uint8Array(20)), fromHex("010203")])
      expect(maskedHex(bytes)).toBe(hex(bytes));
  });
});
