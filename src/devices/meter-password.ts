/**
 * The password of an order or a write in the clear: what the record names, otherwise what the factory sets in such models. One that the
 * cipher machine keeps is asked for anew at each use: it lives as long as the frame it is written into, and no file of ours knows it.
 *
 * A machine that is away is `security-unavailable`: nothing was sent, and what was to be sent waits, as it does for a proof.
 */
import { Fault } from "../kernel/faults.ts";
import { Secret } from "../kernel/secret.ts";
import type { MeterModel } from "./meter-models.ts";
import type { Prover } from "./prove-identity.ts";

export interface MeterPassword {
  readonly level: "02" | "03" | "04";
  readonly password: Secret<string>;
}

export async function passwordFor({ meter, security }: Prover, model: MeterModel): Promise<MeterPassword> {
  const { level, secret } = meter.relayPassword ?? model.relayPassword;
  if (secret instanceof Secret) return { level, password: secret };
  if (security.password === undefined) {
    const why = `${security.name} keeps no passwords; name ${secret.inMachine} in a file or in the environment`;
    throw new Fault("not-supported", { meter: meter.address, model: meter.model, why });
  }
  return { level, password: await security.password(secret.inMachine) };
}
