/** A smart breaker that speaks DL/T 645: it measures, and it cuts and restores by motor. No wallet, no keys, no customer. */
import { choicesWith } from "../choices.ts";
import { noMoney, serialLine, standardItems } from "./common.ts";
import type { ModelProfile } from "./profile.ts";

export const breaker645 = {
  name: "breaker-645",
  version: 1,
  title: { en: "DL/T 645 smart breaker", zh: "645 智能断路器" },
  edition: "2007",
  evidence: {
    confidence: "M",
    sources: ["lawinsider.com/zh/contracts/kHYv0S1Gpcd: breaker protocol V2.4, frame part (functions 11, 13, 14, 15, 17, 1C)"],
    doubts: [
      "which N1 it takes beside cutting and restoring; nothing to press was told of, so arming is left out",
      "whether it has a clock: the deadline is sent far ahead, and no clock is asked",
    ],
  },
  line: { ...serialLine, wildcard: [0x11, 0x13] },
  functions: [0x11, 0x13, 0x14, 0x15, 0x17, 0x1c],
  proof: {
    kind: "password",
    scheme: null,
    password: { level: "02", factory: "000000" },
    levels: null,
    operator: null,
  },
  items: { ...standardItems, ...noMoney, customerNumber: null, date: null, time: null, tripDelay: null, keyInfo: null },
  blocks: [],
  orders: [],
  relayOrders: ["disconnect", "reconnect"],
  wallet: null,
  purchase: null,
  refund: null,
  readBack: { purchase: [], relay: ["relayWord"], write: ["relayWord"] },
  choices: choicesWith({ deadline: "far", plainControl: "obeyed", relayReply: "short", refund: "none" }),
} as const satisfies ModelProfile;
