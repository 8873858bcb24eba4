/**
 * What travels under function 03 (DI3 = 07): identity, purse and keys. These rows give names and titles alone; the fields of request
 * and reply stand in `../forms/security.ts` and `../forms/purse.ts`. Nothing of it is read by function 11, so no one finds it by name.
 */
import { opaque } from "../item.ts";
import { named, shapesOf } from "./row.ts";
import type { Nameless, Standing, TableRow, Words } from "./row.ts";

/** `bytes`: of the request, behind identifier and operator code. */
const order = (
  standing: Standing,
  di: string,
  pattern: string,
  bytes: number | null,
  words: Words,
  note = "",
): Nameless<TableRow> => shapesOf(standing)(di, () => opaque("data", pattern, bytes), words, note);

const KEY = "key info 4, MAC 4, key 32";
const KEY_NOTE = "2009 scheme; sources disagree about the order of info and MAC, and about 01 and 02";
const PURCHASE = "amount 4, count 4, MAC1 4, customer no 6, MAC2 4";

const orders = named({
  authenticate: order(
    "w security high",
    "070000FF",
    "cipher1 8, random1 8, diversification factor 8",
    24,
    "identity authentication | 身份认证",
    "factor: 00 00 and the meter number; reply: random2 4, serial 8",
  ),
  setValidity: order(
    "w security high",
    "070001FF",
    "NNNN + MAC 4",
    6,
    "set identity-authentication validity | 身份认证时效设置",
    "minutes in BCD; 0 refused, 5 by default",
  ),
  endSession: order(
    "w security high",
    "070002FF",
    "-",
    0,
    "end identity authentication | 身份认证失效",
    "reply: customer number 6, remaining 4, count 4, key info 4",
  ),
  infraredAuthenticate: order(
    "w security medium",
    "070003FF",
    "cipher2 8",
    8,
    "infrared authentication | 红外认证",
    "infrared port only",
  ),
  writeFile: order(
    "w security low",
    "070004FF",
    "file 1, offset.., data, MAC",
    null,
    "write information file in clear | 明文写信息文件",
  ),
  writeFileEncrypted: order(
    "w security low",
    "070005FF",
    "file 1, offset.., cipher, MAC",
    null,
    "write information file encrypted | 密文写信息文件",
  ),
  openAccount: order(
    "w security high",
    "070101FF",
    PURCHASE,
    22,
    "open account, the first top-up | 开户",
    "amount in binary fen",
  ),
  topUp: order(
    "w security high",
    "070102FF",
    PURCHASE,
    22,
    "top up | 充值",
    "count: the stored one and one more; equal: repeated top-up",
  ),
  initialisePurse: order(
    "w security high",
    "070103FF",
    "amount 4, MAC 4, count 4 (=0), MAC 4",
    16,
    "purse initialisation | 钱包初始化",
    "only under public keys; one vendor family means a refund by it",
  ),
  vendorParameters: order(
    "w security low",
    "070104FF",
    "143 bytes",
    143,
    "parameters of a vendor's export meters | 厂家参数设置(出口表)",
    "not of the standard",
  ),
  vendorRefund: order(
    "w security low",
    "070108FF",
    "as vendor top-up",
    null,
    "refund of a vendor's export meters | 厂家退费(出口表)",
    "not of the standard; L 22 or 28",
  ),
  updateControlKey: order("w security medium", "070201FF", KEY, 40, "key update: control key | 控制命令密钥更新", KEY_NOTE),
  updateParameterKey: order("w security medium", "070202FF", KEY, 40, "key update: parameter key | 参数密钥更新", KEY_NOTE),
  updateAuthenticationKey: order(
    "w security medium",
    "070203FF",
    KEY,
    40,
    "key update: identity-authentication key | 远程身份认证密钥更新",
    KEY_NOTE,
  ),
  updateMasterKey: order("w security low", "070204FF", KEY, 40, "key update: master key | 主控密钥更新", KEY_NOTE),
  updateKeys: order(
    "w security high",
    "070301FF",
    "n x (key cipher 32, info 4) + MAC 4",
    null,
    "key update | 密钥更新",
    "2013 scheme; at most 4 keys in a frame",
  ),
  readBack: order(
    "r security high",
    "078001FF",
    "8-byte read-back descriptor",
    8,
    "ESAM read-back | 数据回抄",
    "length 2, start 2, file 2, directory 2; the purse is file 0001, or 0002 in one family",
  ),
  compareSoftware: order(
    "r security medium",
    "078002FF",
    "CPU no 1, key index 1, factor address 4, data address 4",
    10,
    "software comparison | 数据比对",
    "reply of 64 bytes",
  ),
  infraredRequest: order(
    "r security medium",
    "078003FF",
    "random1 8",
    8,
    "infrared authentication request | 红外认证查询",
    "reply: meter number 6, serial 8, cipher 8, random2 8",
  ),
  statusQuery: order(
    "r security high",
    "078102FF",
    "-",
    0,
    "status query | 状态查询",
    "reply: remaining 4, MAC 4, count 4, MAC 4, customer number 6, key info 4",
  ),
  switchFeeMode: order(
    "w security low",
    "07A006FF",
    "meter no 8, mode 1, MAC 4, purse 8, MAC 4",
    25,
    "fee-control mode switch | 费控模式切换",
    "Southern Grid, one firmware; 00 local, 01 remote",
  ),
});

export const securityRows: readonly TableRow[] = Object.values(orders);
