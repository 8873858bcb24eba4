/**
 * Chint single- and three-phase prepaid meters with a chip imitated in software: 3DES, one tariff price, four relay orders, no
 * look at the deadline, and bits of word 3 that mean other things than everybody's.
 *
 * The keys of real ones are not public. Tests and simulator use DL645-TEST-2, a scheme with a PUBLISHED master key of our own
 * (README of this folder): it opens no real meter.
 */
import { choicesWith } from "../choices.ts";
import { initialisesPurse, refundByWrite, serialLine, sessionOrders, standardItems, walletOrders } from "./common.ts";
import { standardPurchase, standardReadBack, standardRefund } from "./common.ts";
import type { ModelProfile } from "./profile.ts";

export const chintSoftEsam = {
  name: "chint-soft-esam",
  version: 1,
  title: { en: "Chint prepaid meter, security in software", zh: "正泰预付费电能表(软加密)" },
  edition: "2007",
  evidence: {
    confidence: "M",
    sources: ["firmware of DDSY666, DTSY666 and DDSYU666 (public text, repository unnamed)"],
    doubts: [
      "the MAC header of a refund (file 8C) and of the purse reply: ours are made up",
      "whether protection shows in bit 12 as elsewhere",
      "the combined write of recharge, price and alarms at level 99 is not described here",
    ],
  },
  line: serialLine,
  functions: [0x03, 0x08, 0x11, 0x12, 0x13, 0x14, 0x1c],
  proof: {
    kind: "soft-esam",
    scheme: "DL645-TEST-2",
    password: { level: "02", factory: "000000" },
    levels: { clear: "99", cipher: "98" },
    operator: null,
  },
  items: { ...standardItems, keyInfo: null, tripDelay: null },
  blocks: [],
  orders: [...sessionOrders, ...walletOrders.filter(({ di }) => !di!.startsWith("078")), initialisesPurse, refundByWrite],
  relayOrders: ["disconnect", "reconnect", "protect", "unprotect"],
  wallet: "yuan",
  purchase: standardPurchase,
  refund: standardRefund,
  readBack: standardReadBack,
  choices: choicesWith({ word3: "chint", deadline: "ignored", plainControl: "obeyed", relayReply: "short" }),
} as const satisfies ModelProfile;
