/**
 * An export meter that takes the twenty digits a customer buys at a shop, inside the frame where others take an amount. The token
 * says how many kWh and proves itself: its number is used up by the meter, so neither count nor customer nor MAC is needed.
 */
import { choicesWith } from "../choices.ts";
import { energyPrepayVendor } from "./energy-prepay-vendor.ts";
import type { ModelProfile } from "./profile.ts";
import { southernGrid } from "./southern-grid.ts";

export const stsToken = {
  ...southernGrid,
  name: "sts-token",
  version: 1,
  title: { en: "Export meter for purchase tokens", zh: "代码(STS)预付费电能表" },
  evidence: {
    confidence: "M",
    sources: ["sqf-ice/SY03A: SY03A/Src/uartx.c (Southern Grid firmware adapted for a three-phase token meter)"],
    doubts: [
      "whether the digits travel as letters, and which end first: taken for letters, turned round like every field",
      "whether 070101FF takes two tokens at once",
      "the keys of level 96, and what the factory sets for level 03",
      "what a used token is answered with: taken for the bit of a repeated top-up",
    ],
  },
  functions: [0x03, 0x08, 0x11, 0x12, 0x13, 0x14, 0x1c],
  proof: { ...southernGrid.proof, kind: "password", scheme: null, password: { level: "03", factory: "000000" } },
  items: { ...energyPrepayVendor.items, purchaseCount: null, lastPurchase: null },
  blocks: [],
  orders: [{ control: 0x03, di: "070102FF", what: "top up with a token", money: true, destructive: false }],
  wallet: "kWh",
  purchase: { di: "070102FF", repeatProof: "token", repeatRefused: "0002" },
  refund: null,
  readBack: { purchase: ["balance"], relay: ["relayWord"], write: ["balance"] },
  choices: choicesWith({
    levels: "97-96",
    purseFile: "0002",
    word3: "southern-grid",
    purchase: "1C",
    refund: "none",
    plainControl: "obeyed",
    relayReply: "short",
  }),
} as const satisfies ModelProfile;
