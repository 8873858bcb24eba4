/**
 * A wallet meter of China Southern Power Grid: levels 96 and 97 where State Grid has 98 and 99, the purse in file 0002, and the
 * number of the running step table in bit 10 of word 3. Whether its relay can be asked for the extended reply nobody has seen.
 */
import { choicesWith } from "../choices.ts";
import { switchesMode } from "./common.ts";
import type { ModelProfile } from "./profile.ts";
import { standardWallet } from "./standard-wallet.ts";

export const southernGrid = {
  ...standardWallet,
  name: "southern-grid",
  title: { en: "Southern Grid wallet meter", zh: "南网本地费控电能表" },
  evidence: {
    confidence: "M",
    sources: ["Q/CSG 113013-2011, Q/CSG 1209006-2015 (contents)", "sqf-ice/SY03A: SY03A/Src/uartx.c"],
    doubts: [
      "whether P2 = 01 brings an extended reply",
      "mode switch 07A006FF in production: seen once, and what its second field holds is told nowhere",
    ],
  },
  orders: [...standardWallet.orders, switchesMode],
  proof: { ...standardWallet.proof, levels: { clear: "97", cipher: "96" } },
  choices: choicesWith({
    levels: "97-96",
    purseFile: "0002",
    word3: "southern-grid",
    relayReply: "short",
    plainControl: "obeyed",
  }),
} as const satisfies ModelProfile;
