/** Function 03H: the identifiers that are known, and the names under which `explain` tells them. */
import { STANDARD } from "./choices.ts";
import type { Choices } from "./choices.ts";

export const SECURITY = {
  authenticate: "070000FF",
  setValidity: "070001FF",
  endSession: "070002FF",
  infraredAuthenticate: "070003FF",
  writeFile: "070004FF",
  writeFileCiphered: "070005FF",
  openAccount: "070101FF",
  topUp: "070102FF",
  initialisePurse: "070103FF",
  vendorParameters: "070104FF",
  vendorRefund: "070108FF",
  updateControlKey: "070201FF",
  updateParameterKey: "070202FF",
  updateAuthenticationKey: "070203FF",
  updateMasterKey: "070204FF",
  updateKeys: "070301FF",
  readBack: "078001FF",
  compareSoftware: "078002FF",
  infraredRequest: "078003FF",
  statusQuery: "078102FF",
  switchMode: "07A006FF",
} as const;

const NAMES: ReadonlyMap<string, string> = new Map(Object.entries(SECURITY).map(([name, di]) => [di, name]));

/** Which of the first two is the control key: a table and its comment swap them. Where nobody knows, as the table has it. */
const SWAPPED: ReadonlyMap<string, string> = new Map([
  [SECURITY.updateControlKey, "updateParameterKey"],
  [SECURITY.updateParameterKey, "updateControlKey"],
]);

export const securityName = (di: string, { keyUpdateItem }: Pick<Choices, "keyUpdateItem"> = STANDARD): string | undefined =>
  (keyUpdateItem === "02-control" ? SWAPPED.get(di) : undefined) ?? NAMES.get(di);
