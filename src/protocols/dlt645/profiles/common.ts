/**
 * What most models share, in pieces: the standard's items, the functions and orders of the State Grid family, the habits of a
 * 2400 baud line. A profile is put together from these and says where it differs; a piece that only one model needs stands in
 * that model's file.
 */
import type { Line, ModelProfile, ProfileItem, ProfileOrder } from "./profile.ts";

const item = (di: string): ProfileItem => ({ di, money: false });
const money = (di: string): ProfileItem => ({ di, money: true });

/** A wallet in yuan, as DL/T 645-2007 and its supplements name things. */
export const standardItems: ModelProfile["items"] = {
  meterNumber: item("04000402"),
  customerNumber: item("0400040E"),
  importedEnergy: item("00010000"),
  balance: money("00900200"),
  overdraft: money("00900201"),
  purchaseCount: item("03330201"),
  lastPurchase: money("03330301"),
  relayWord: item("04000503"),
  date: item("04000101"),
  time: item("04000102"),
  price: item("02800020"),
  tripDelay: item("04001401"),
  keyInfo: item("04000508"),
  hoardingLimit: money("04001004"),
  status: null,
  parameters: null,
};

/** The money items of a meter that holds none. */
export const noMoney = {
  balance: null,
  overdraft: null,
  purchaseCount: null,
  lastPurchase: null,
  price: null,
  hoardingLimit: null,
} as const satisfies Partial<ModelProfile["items"]>;

export const serialLine: Line = {
  baud: 2_400,
  parity: "even",
  preamble: 4,
  turnaroundMs: 50,
  replyDeadlineMs: 1_500,
  questionsMax: 2,
  broadcast: [0x08, 0x16, 0x1d],
  wildcard: [0x11, 0x12, 0x13],
};

export const standardBlocks = ["0001FF00", "0201FF00", "0202FF00", "0203FF00", "040005FF", "0333FF01"] as const;

/** Functions of the base standard and of its fee-control supplements. */
export const standardFunctions = [
  0x03, 0x08, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d,
] as const;

const security = (di: string, what: string, money = false): ProfileOrder => ({
  control: 0x03,
  di,
  what,
  money,
  destructive: false,
});

export const sessionOrders: readonly ProfileOrder[] = [
  security("070000FF", "prove identity"),
  security("070001FF", "set how long the proof holds"),
  security("070002FF", "end the session"),
];

export const walletOrders: readonly ProfileOrder[] = [
  security("070101FF", "open account", true),
  security("070102FF", "top up", true),
  security("078001FF", "read back a file of the chip"),
  security("078102FF", "query the purse"),
];

/** On State Grid meters this wipes the purse and begins anew. */
export const initialisesPurse: ProfileOrder = {
  control: 0x03,
  di: "070103FF",
  what: "initialise the purse: balance, count and records are gone",
  money: true,
  destructive: true,
};

/** One firmware: what is left in the purse is refunded to zero, and the meter keeps a record of it. */
export const switchesMode: ProfileOrder = {
  control: 0x03,
  di: "07A006FF",
  what: "switch between local and remote mode: the rest of the purse leaves the meter",
  money: true,
  destructive: false,
};

export const refundByWrite: ProfileOrder = {
  control: 0x14,
  di: "04001006",
  what: "refund, with nothing in it that proves a repeat",
  money: true,
  destructive: false,
};

export const standardPurchase = {
  di: "070102FF",
  repeatProof: "purchase-count",
  repeatRefused: "0002",
} as const satisfies ModelProfile["purchase"];

export const standardRefund = {
  control: 0x14,
  di: "04001006",
  repeatProof: "nothing",
} as const satisfies ModelProfile["refund"];

export const standardReadBack = {
  purchase: ["balance", "overdraft", "purchaseCount", "relayWord"],
  relay: ["relayWord"],
  write: ["relayWord", "balance"],
} as const satisfies ModelProfile["readBack"];
