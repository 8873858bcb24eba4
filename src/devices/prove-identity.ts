/** Proves our identity to a meter (070000FF), or finds the proof that still holds. */
import { Fault, isFault } from "../kernel/faults.ts";
import { decodeIdentityReply, requests } from "../protocols/dlt645/index.ts";
import type { Frame } from "../protocols/dlt645/index.ts";
import type { SecurityModule } from "../security/security-module.ts";
import { keysOf } from "./meter-keys.ts";
import type { Conversation, Heard } from "./conversation.ts";
import type { Identity, IdentityBook } from "./identity.ts";
import type { MeterRecord } from "./meter.ts";

export interface Prover {
  readonly talk: Conversation;
  readonly meter: MeterRecord;
  readonly identities: IdentityBook;
  readonly security: SecurityModule;
  readonly operator: string;
}

export async function proveIdentity({ talk, meter, identities, security, operator }: Prover): Promise<Identity> {
  const kept = identities.of(meter.address);
  if (kept !== undefined) return kept;
  // Even a failed attempt ends the meter's old session, so nothing that was believed before holds now.
  identities.drop(meter.address);
  const challenge = async (): Promise<Frame> => {
    const { cipher1, random1, factor } = await security.beginIdentity(keysOf(meter));
    return requests.authenticate({ address: meter.address, operator, cipher1, random1, factor });
  };
  let heard: Heard;
  try {
    heard = await talk.question(challenge);
  } catch (error) {
    // A factor made of another meter number is answered with "other error": to a person it is the same story.
    if (isFault(error, "meter-other-error"))
      throw new Fault("identity-refused", { ...error.context, meterNumber: meter.meterNumber }, { cause: error });
    throw error;
  }
  const reply = heard.reply.is === "value" ? decodeIdentityReply(heard.reply.bytes) : { fault: "no random came back" };
  if ("fault" in reply) throw new Fault("reply-malformed", { meter: meter.address, why: reply.fault });
  return identities.keep(meter.address, { random2: reply.value.random2, esamSerial: reply.value.serial }, heard.sentAt);
}

/** Asks something that needs a proof; one that has lapsed in the meter (it lost power) is proved anew, once. */
export async function askProved(
  prover: Prover,
  build: (identity: Identity) => Frame,
): Promise<{ heard: Heard; identity: Identity }> {
  for (let proofs = 1; ; proofs += 1) {
    const identity = await proveIdentity(prover);
    try {
      return { heard: await prover.talk.question(() => Promise.resolve(build(identity))), identity };
    } catch (error) {
      if (isFault(error, "identity-expired")) prover.talk.suspect("session");
      if (!isFault(error, "identity-expired") || proofs > 1) throw error;
      prover.identities.drop(prover.meter.address);
    }
  }
}
