/** A State Grid single-phase meter of the 2013 generation with a wallet: what the standard says, and the supplement of 2014. */
import { choicesWith } from "../choices.ts";
import {
  initialisesPurse,
  refundByWrite,
  serialLine,
  sessionOrders,
  standardBlocks,
  standardFunctions,
  standardItems,
  standardPurchase,
  standardReadBack,
  standardRefund,
  walletOrders,
} from "./common.ts";
import type { ModelProfile } from "./profile.ts";

export const standardWallet = {
  name: "standard-wallet",
  version: 1,
  title: { en: "State Grid wallet meter, 2013 generation", zh: "国网本地费控电能表(2013)" },
  edition: "2007",
  evidence: {
    confidence: "H",
    sources: ["DL/T 645-2007 with the supplements of 2009 and 2014", "caokx/3jiliang: App/Dl645B_Com.c, App/Secret.c"],
    doubts: [
      "what the inner MAC of a refund covers, and whether the chip refuses a repeat",
      "real ones of 2013 count wrong MACs to 200; ours keeps the stricter habit, which the gateway never reaches",
    ],
  },
  line: serialLine,
  functions: standardFunctions,
  proof: {
    kind: "esam",
    scheme: "DL645-TEST-1",
    password: { level: "02", factory: "000000" },
    levels: { clear: "99", cipher: "98" },
    operator: null,
  },
  items: standardItems,
  blocks: standardBlocks,
  orders: [...sessionOrders, ...walletOrders, initialisesPurse, refundByWrite],
  relayOrders: [
    "disconnect",
    "arm",
    "reconnect",
    "disconnectThenReconnect",
    "disconnectThenArm",
    "warn",
    "unwarn",
    "protect",
    "unprotect",
  ],
  wallet: "yuan",
  purchase: standardPurchase,
  refund: standardRefund,
  readBack: standardReadBack,
  choices: choicesWith({ plainControl: "obeyed" }),
} as const satisfies ModelProfile;
