/**
 * A meter that sells kilowatt-hours: its wallet holds hundredths of a kWh, and 070103FF, which wipes the purse of all others, is
 * its refund. A purchase is eight bytes under DES, amount and seconds since 2000, with the key in the clear beside it: a seal
 * that proves nothing about who sent it, and nothing that is known to refuse a repeat.
 */
import { choicesWith } from "../choices.ts";
import { noMoney, serialLine, standardItems } from "./common.ts";
import type { ModelProfile } from "./profile.ts";

export const energyPrepayVendor = {
  name: "energy-prepay-vendor",
  version: 1,
  title: { en: "Energy prepayment meter of a vendor", zh: "电量型预付费电能表(厂商)" },
  edition: "2007",
  evidence: {
    confidence: "M",
    sources: ["yjiong/pydevdrive: device/ammeter/simple_dtsd3366d-f.py and its base (a gateway's driver in use)"],
    doubts: [
      "whether it takes any key beside the seal or only its maker's",
      "whether a stamp that was seen before is refused: taken for no, so a repeat is taken for a second purchase",
      "what it answers; the driver looks at the balance",
    ],
  },
  line: serialLine,
  functions: [0x03, 0x08, 0x11, 0x12, 0x13, 0x14, 0x17, 0x1c],
  proof: {
    kind: "password",
    scheme: null,
    password: { level: "02", factory: "000000" },
    levels: null,
    operator: null,
  },
  items: {
    ...standardItems,
    ...noMoney,
    balance: { di: "00900100", money: true },
    overdraft: { di: "00900101", money: true },
    purchaseCount: { di: "03320201", money: false },
    lastPurchase: { di: "03320301", money: true },
    hoardingLimit: { di: "04000F03", money: true },
    customerNumber: null,
    keyInfo: null,
  },
  blocks: [],
  orders: [
    { control: 0x03, di: "070102FF", what: "top up with kilowatt-hours", money: true, destructive: false },
    { control: 0x03, di: "070103FF", what: "refund kilowatt-hours", money: true, destructive: false },
  ],
  relayOrders: ["disconnect", "arm", "protect", "unprotect"],
  wallet: "kWh",
  purchase: { di: "070102FF", repeatProof: "nothing", repeatRefused: null },
  refund: { control: 0x03, di: "070103FF", repeatProof: "nothing" },
  readBack: { purchase: ["balance", "purchaseCount"], relay: ["relayWord"], write: ["balance"] },
  choices: choicesWith({ purchase: "18 sealed", refund: "070103FF", plainControl: "obeyed", relayReply: "short" }),
} as const satisfies ModelProfile;
