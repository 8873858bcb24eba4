/**
 * Writes under proof (14H, clause 5.4 of the reference), for meters whose chip has keys.
 *
 *     cipher   level 98, in the south 96: length, identifier and value under a cipher, and a MAC over it; almost everything
 *     mac      level 99, in the south 97: the value in the clear and a MAC over its fields; money and what decides about it
 *     refund   04001006, by cipher alone: the amount and a MAC of the purse lie in it, without length and identifier
 *
 * The value is held against the dictionary before anything is proved: under a cipher nobody on the way can see a month 34. Nothing in a
 * write counts it, so a repeated frame is obeyed again, a refund too: it is sent once, and after silence whoever ordered looks.
 */
import { Fault } from "../kernel/faults.ts";
import { checkWrite, itemUnder, REFUND, requests, turned, type Choices, type Frame } from "../protocols/dlt645/index.ts";
import type { CipherAndMac } from "../security/security-module.ts";
import type { Identity } from "./identity.ts";
import { keysOf } from "./meter-keys.ts";
import type { MeterModel } from "./meter-models.ts";
import type { SendOptions, Sent, WriteProof } from "./meter.ts";
import { proveIdentity, type Prover } from "./prove-identity.ts";
import { minded, whileProved } from "./purse.ts";

/** Class 1, in the clear with a MAC: one firmware's list, with which others agree in part. Its own list: `under` of the call. */
const WITH_MAC: ReadonlySet<string> = new Set([
  "04000108", // switch time of the tariff prices
  "04000109", // switch time of the step prices
  "04000306", // current transformer ratio
  "04000307", // voltage transformer ratio
  "04000F01", // alarm energies
  "04000F02",
  "04001001", // alarm amounts
  "04001002",
  "040502FF", // tariff prices, second set
  "040605FF", // step table, second set
]);
export const proofFor = (di: string): WriteProof => (WITH_MAC.has(di.toUpperCase()) ? "mac" : "cipher");

const AMOUNT_BYTES = 4;

export interface SecuredWriting {
  readonly prover: Prover;
  readonly model: MeterModel;
  readonly di: string;
  readonly under: WriteProof;
}

/** Throws where no write of this kind can be proved to this meter; proves our identity otherwise. */
export async function beReadyToWrite(writing: SecuredWriting): Promise<Identity> {
  const { prover, model } = writing;
  const { meter, security, identities } = prover;
  const verb = verbFor(writing);
  const why = !model.keys
    ? "it has no keys; it is written by password"
    : security[verb] === undefined
      ? `${security.name} protects no such writes (${verb})`
      : null;
  if (why !== null) throw new Fault("not-supported", { meter: meter.address, model: meter.model, di: writing.di, why });
  identities.mayBeOrdered(meter.address);
  return proveIdentity(prover);
}

export async function writeSecured(asked: SecuredWriting, data: Uint8Array, options: SendOptions): Promise<Sent> {
  const writing = { ...asked, di: asked.di.toUpperCase() };
  const { prover, model, di } = writing;
  if (di === REFUND) checkAmount(data);
  else checkWrite({ di, data }, model.profile.choices, () => false);
  const identity = await beReadyToWrite(writing);
  const frame = await protectedFrame(writing, data, identity);
  return minded(prover, await prover.talk.order(frame, whileProved(prover, identity, options)));
}

const verbFor = ({ di, under }: SecuredWriting): "protectRefund" | "protectWrite" | "sealWrite" =>
  di === REFUND ? "protectRefund" : under === "cipher" ? "protectWrite" : "sealWrite";

async function protectedFrame(writing: SecuredWriting, data: Uint8Array, { seed }: Identity): Promise<Frame> {
  const { prover, model, di } = writing;
  const { meter, operator, security } = prover;
  const { choices } = model.profile;
  const to = { address: meter.address, operator, di };
  const keys = keysOf(meter);
  const underCipher = (made: CipherAndMac): Frame => requests.writeCiphered({ ...to, ...made }, choices);
  switch (verbFor(writing)) {
    case "protectRefund":
      return underCipher(await security.protectRefund!(keys, seed, { amountFen: amountIn(data) }));
    case "protectWrite":
      return underCipher(
        await security.protectWrite!(keys, seed, { dataItem: di, plain: requests.cipheredWritePlainText(di, data) }),
      );
    case "sealWrite": {
      const fields = fieldsOf(di, data, choices);
      const mac = await security.sealWrite!(keys, seed, { dataItem: di, data: Buffer.concat(fields) });
      return requests.writeWithMac({ ...to, fields, mac }, choices);
    }
  }
}

/** Each high byte first, in the order in which they travel; an item that nobody has taken apart is one field. */
function fieldsOf(di: string, data: Uint8Array, choices: Choices): readonly Uint8Array[] {
  const members = itemUnder(di, choices)?.shape.members(data) ?? [];
  if (members.length === 0 || members.some(({ format }) => format === null)) return [turned(data)];
  let at = 0;
  return members.map(({ format }) => turned(data.slice(at, (at += format!.bytes))));
}

function checkAmount(data: Uint8Array): void {
  if (data.length === AMOUNT_BYTES && amountIn(data) > 0n) return;
  const why = `a refund is ${AMOUNT_BYTES} bytes, the amount in fen, low byte first and more than nothing`;
  throw new Fault("unencodable", { field: "data", why });
}
const amountIn = (data: Uint8Array): bigint => BigInt(`0x${Buffer.from(turned(data)).toString("hex")}`);
