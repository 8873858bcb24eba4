/** The same meter without a wallet: it counts energy and obeys; the money is in the ledger. */
import { choicesWith } from "../choices.ts";
import { noMoney, sessionOrders, standardItems } from "./common.ts";
import type { ModelProfile } from "./profile.ts";
import { standardWallet } from "./standard-wallet.ts";

export const remoteLedger = {
  ...standardWallet,
  name: "remote-ledger",
  title: { en: "State Grid meter, money in the ledger", zh: "国网远程费控电能表" },
  items: { ...standardItems, ...noMoney },
  orders: sessionOrders,
  wallet: null,
  purchase: null,
  refund: null,
  readBack: { purchase: [], relay: ["relayWord"], write: ["relayWord"] },
  choices: choicesWith({ plainControl: "obeyed", refund: "none" }),
} as const satisfies ModelProfile;
