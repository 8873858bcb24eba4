/**
 * Two orders to a wallet that are no purchase: wipe it (070103FF), and leave local mode for good (07A006FF). Both are said once.
 *
 * Wiping is denied to every model by its profile; here it is let through for this one frame, and only where the profile says that
 * the identifier wipes: elsewhere the same one pays money out. The switch is known of one Southern Grid firmware alone, without
 * a word on what its second field holds: taken here as balance 0 and the count as it stands.
 */
import { Fen, ZERO_FEN } from "../kernel/money.ts";
import { Fault } from "../kernel/faults.ts";
import { requests, SECURITY } from "../protocols/dlt645/index.ts";
import { keysOf } from "./meter-keys.ts";
import type { MeterModel } from "./meter-models.ts";
import type { SendOptions, Sent } from "./meter.ts";
import { proveIdentity, type Prover } from "./prove-identity.ts";
import { minded, whileProved } from "./purse.ts";

const INITIALISES = "initialise the purse";

/** By name: the standard's own wipe, and not the refund that a vendor made of its identifier. */
export const wipesByInitialisation = ({ profile }: MeterModel): boolean =>
  profile.choices.refund !== SECURITY.initialisePurse &&
  profile.orders.some(({ di, what }) => di === SECURITY.initialisePurse && what.startsWith(INITIALISES));

export const switchesMode = ({ profile }: MeterModel): boolean => profile.orders.some(({ di }) => di === SECURITY.switchMode);

export async function resetWallet(prover: Prover, model: MeterModel, options: SendOptions): Promise<Sent> {
  const { talk, meter, identities, security, operator } = prover;
  if (!wipesByInitialisation(model)) throw new Fault("wallet-reset-unknown", { meter: meter.address, model: meter.model });
  if (security.protectPurseReset === undefined) throw unprotected(prover, "wallet resets");
  identities.mayBeOrdered(meter.address);
  const identity = await proveIdentity(prover);
  const macs = await security.protectPurseReset(keysOf(meter), identity.seed, { amountFen: ZERO_FEN });
  const frame = requests.initialisePurse({ address: meter.address, operator, amount: ZERO_FEN, ...macs }, model.profile.choices);
  return minded(prover, await talk.order(frame, whileProved(prover, identity, options), SECURITY.initialisePurse));
}

export async function switchToRemote(
  prover: Prover,
  model: MeterModel,
  { count }: { readonly count: number },
  options: SendOptions,
): Promise<Sent> {
  const { talk, meter, identities, security, operator } = prover;
  if (!switchesMode(model))
    throw new Fault("not-supported", { meter: meter.address, model: meter.model, why: "this model has no order that switches" });
  if (security.protectModeSwitch === undefined) throw unprotected(prover, "mode switches");
  identities.mayBeOrdered(meter.address);
  const identity = await proveIdentity(prover);
  const purse = purseBytes(Fen(0n), count);
  const { mac1, mac2 } = await security.protectModeSwitch(keysOf(meter), identity.seed, { mode: "remote", purse });
  const frame = requests.switchMode(
    {
      ...{ address: meter.address, operator, mode: "remote", mac1, mac2 },
      meterNumber: `0000${meter.meterNumber}`,
      // the codec turns the field round as one, so that on the wire balance comes first and each begins with its last byte
      purse: Uint8Array.from([...purse.subarray(4), ...purse.subarray(0, 4)]),
    },
    model.profile.choices,
  );
  return minded(prover, await talk.order(frame, whileProved(prover, identity, options)));
}

/** Balance 4 and count 4, each highest byte first, as the security module takes them. */
function purseBytes(balance: bigint, count: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, Number(balance));
  view.setUint32(4, count);
  return new Uint8Array(view.buffer);
}

const unprotected = ({ security, meter }: Prover, what: string): Fault =>
  new Fault("not-supported", { meter: meter.address, model: meter.model, why: `${security.name} protects no ${what}` });
