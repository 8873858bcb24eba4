/**
 * A State Grid wallet meter of the 2009 generation. It closes only with a person at its button (1CH N1 = 1C came with the 2013
 * documents), answers 1CH with nothing or one byte, and gives up after three wrong MACs in a row and fifteen a day.
 */
import { choicesWith } from "../choices.ts";
import type { ModelProfile } from "./profile.ts";
import { standardWallet } from "./standard-wallet.ts";

export const stateGrid2009 = {
  ...standardWallet,
  name: "state-grid-2009",
  title: { en: "State Grid wallet meter, 2009 generation", zh: "国网本地费控电能表(2009)" },
  evidence: {
    confidence: "H",
    sources: [
      "supplement of 2009 and Q/GDW 365-2009",
      "meter firmware of the 2009 generation (public text, unnamed): session and MAC counters",
      "glx-technologies/meter-dlt645 issue 1: nothing closes without the button",
    ],
    doubts: ["whether a late 2009 series takes N1 = 1C after all: try it with somebody at the meter"],
  },
  relayOrders: ["disconnect", "arm", "warn", "unwarn", "protect", "unprotect"],
  choices: choicesWith({ relayReply: "short", plainControl: "obeyed", macPolicy: "3-then-15", word3: "state-grid-2009" }),
} as const satisfies ModelProfile;
