/**
 * Function 03H by identifier: the fields of request (behind the operator code) and reply (behind the identifier), in wire
 * order. The table of clause 5.13 of the reference; vendors lengthen some of them, and then the length tells.
 */
import { binaryCount, binaryFen, count, digits, hex } from "./formats.ts";
import { SECURITY } from "./fee-control.ts";
import { field } from "./item.ts";
import type { Field } from "./item.ts";

export interface SecurityLayout {
  readonly name: string;
  readonly request: readonly Field[];
  readonly reply: readonly Field[];
}

const amount = field("amount", binaryFen);
const balance = field("balance", binaryFen);
const purchaseCount = field("purchaseCount", binaryCount);
const customer = field("customerNumber", digits(6));
const keyInfo = field("keyInfo", hex(4));
const mac = (name = "mac"): Field => field(name, hex(4));
const purchase = [amount, purchaseCount, mac("mac1"), customer, mac("mac2")];
const descriptor = ["length", "start", "file", "directory"].map((name) => field(name, hex(2)));
const layout = (name: string, request: readonly Field[], reply: readonly Field[] = []): SecurityLayout => ({
  name,
  request,
  reply,
});

const LAYOUTS: ReadonlyMap<string, SecurityLayout> = new Map<string, SecurityLayout>([
  [
    SECURITY.authenticate,
    layout(
      "authenticate",
      [field("cipher1", hex(8)), field("random1", hex(8)), field("factor", hex(8))],
      [field("random2", hex(4)), field("serial", hex(8))],
    ),
  ],
  [SECURITY.setValidity, layout("setValidity", [field("minutes", count(2, "min")), mac()])],
  [SECURITY.endSession, layout("endSession", [], [customer, balance, purchaseCount, keyInfo])],
  [SECURITY.openAccount, layout("openAccount", purchase)],
  [SECURITY.topUp, layout("topUp", purchase)],
  [SECURITY.initialisePurse, layout("initialisePurse", [amount, mac("mac1"), purchaseCount, mac("mac2")])],
  [
    SECURITY.readBack,
    layout("readBack", descriptor, [...descriptor, balance, mac("balanceMac"), purchaseCount, mac("countMac")]),
  ],
  [
    SECURITY.statusQuery,
    layout("statusQuery", [], [balance, mac("balanceMac"), purchaseCount, mac("countMac"), customer, keyInfo]),
  ],
  // Known by name; what they carry is the business of key servers, and sources disagree about its order.
  ["070003FF", layout("infraredAuthenticate", [])],
  ["078003FF", layout("infraredRequest", [])],
  ["078002FF", layout("compareSoftware", [])],
  ["070201FF", layout("updateControlKey", [])],
  ["070202FF", layout("updateParameterKey", [])],
  ["070203FF", layout("updateAuthenticationKey", [])],
  ["070204FF", layout("updateMasterKey", [])],
  ["070301FF", layout("updateKeys", [])],
]);

export const securityParts = (di: string): SecurityLayout | undefined => LAYOUTS.get(di);
