/** What only the 1997 edition asks; reading and writing by it are in `requests.ts`, told by an identifier of four digits. */
import { checkAudience } from "./addressing.ts";
import { STANDARD } from "./choices.ts";
import type { Choices } from "./choices.ts";
import { ANY_METER } from "./frame.ts";
import type { Frame } from "./frame.ts";
import type { Password, ToMeter } from "./requests.ts";
import { writeRequest } from "./speaking.ts";

/** The last answer once more. */
export const readAgain = (address: string): Frame => writeRequest({ is: "read-again", address });

/** Only on a line with one meter; the reply comes from the new address. */
export function writeAddress1997(newAddress: string): Frame {
  checkAudience("one", newAddress);
  return writeRequest({ is: "write-address-1997", address: ANY_METER, newAddress });
}

export const changeBaud1997 = (address: string, baud: number, choices: Choices = STANDARD): Frame =>
  writeRequest({ is: "change-baud-1997", address, baud }, choices);

export const changePassword1997 = (to: ToMeter & { readonly old: Password; readonly fresh: Password }): Frame =>
  writeRequest({
    is: "change-password-1997",
    address: to.address,
    oldLevel: to.old.level,
    oldPassword: to.old.password,
    newLevel: to.fresh.level,
    newPassword: to.fresh.password,
  });

export const clearDemand1997 = (to: ToMeter & Password): Frame => writeRequest({ is: "clear-demand-1997", ...to });
