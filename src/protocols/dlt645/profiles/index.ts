/** The table of all models, and the door of this folder. A new model is a file and a row here (docs/add-a-model.md). */
import { breaker645 } from "./breaker-645.ts";
import { chintSoftEsam } from "./chint-soft-esam.ts";
import { energyPrepayVendor } from "./energy-prepay-vendor.ts";
import { orderNumber4g } from "./order-number-4g.ts";
import type { ModelProfile } from "./profile.ts";
import { remoteLedger } from "./remote-ledger.ts";
import { southernGrid } from "./southern-grid.ts";
import { standardWallet } from "./standard-wallet.ts";
import { stateGrid2009 } from "./state-grid-2009.ts";
import { stsToken } from "./sts-token.ts";

export const profiles: readonly ModelProfile[] = [
  standardWallet,
  remoteLedger,
  stateGrid2009,
  southernGrid,
  breaker645,
  chintSoftEsam,
  orderNumber4g,
  energyPrepayVendor,
  stsToken,
];

export const profileOf = (name: string): ModelProfile | undefined => profiles.find((profile) => profile.name === name);

export { dangers, permit } from "./permit.ts";
export type { Permit } from "./permit.ts";
export { decodeItem, decodeRelayWord, errorOf, readItem, refundFrame, relayFrame, topUpFrame } from "./frames.ts";
export { itemNames } from "./profile.ts";
export type { ModelProfile, ProfileItemName } from "./profile.ts";
