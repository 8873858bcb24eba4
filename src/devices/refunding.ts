/**
 * Money taken back out of a wallet: 04001006 under cipher and MAC (14H, clause 5.13 of the reference), or a vendor's 070108FF under an
 * order number; and the records that meters keep of it (033400NN).
 *
 * The frame of 14H counts nothing: the same frame in the same session takes the money twice. So it is said once, and whoever wants to
 * say it again has ended that session first (`forgetProof`): what is still on its way then carries a MAC of a session that is gone.
 */
import { Fault, isFault } from "../kernel/faults.ts";
import { dictionary, REFUND, requests } from "../protocols/dlt645/index.ts";
import type { MeterModel } from "./meter-models.ts";
import type { RefundOrder, RefundRecord, SendOptions, Sent } from "./meter.ts";
import type { Prover } from "./prove-identity.ts";
import { writeSecured } from "./secured-writing.ts";
import { NO_MAC } from "./vendor-purse.ts";

/** Time 5, purchase count 2, amount 4, balance before 4 and after 4. */
const RECORD_BYTES = 19;
const AMOUNT_AT = 7;
const AMOUNT_BYTES = 4;

export async function readRefund({ talk, meter }: Prover, age: 1 | 2): Promise<RefundRecord | null> {
  let bytes: Uint8Array;
  try {
    ({ bytes } = await talk.bytes(`0334000${age}`, RECORD_BYTES));
  } catch (error) {
    if (isFault(error, "meter-no-data")) return null;
    throw error;
  }
  if (bytes.length !== RECORD_BYTES)
    throw new Fault("reply-malformed", {
      meter: meter.address,
      why: `a refund record of ${bytes.length} bytes, not ${RECORD_BYTES}`,
    });
  const decoded = dictionary.purchaseAmount.format.decode(bytes.slice(AMOUNT_AT, AMOUNT_AT + AMOUNT_BYTES));
  return { hex: Buffer.from(bytes).toString("hex"), amount: "fault" in decoded ? null : decoded.value };
}

export async function refund(prover: Prover, model: MeterModel, order: RefundOrder, options: SendOptions): Promise<Sent> {
  switch (model.profile.choices.refund) {
    case "04001006":
      return byWrite(prover, model, order, options);
    case "070108FF":
      return underOrderNumber(prover, model, order, options);
    case "070103FF":
    case "none":
      throw new Fault("not-supported", {
        meter: prover.meter.address,
        model: prover.meter.model,
        why: "no money is taken back out of this model",
      });
  }
}

function byWrite(prover: Prover, model: MeterModel, { amount }: RefundOrder, options: SendOptions): Promise<Sent> {
  const fen = new DataView(new ArrayBuffer(AMOUNT_BYTES));
  fen.setUint32(0, Number(amount), true);
  return writeSecured({ prover, model, di: REFUND, under: "cipher" }, new Uint8Array(fen.buffer), options);
}

async function underOrderNumber(
  { talk, meter, operator }: Prover,
  { profile: { choices } }: MeterModel,
  { amount, orderNumber }: RefundOrder,
  options: SendOptions,
): Promise<Sent> {
  if (orderNumber === null) throw new Error(`a refund of a ${meter.model} has an order number`);
  const { address } = meter;
  const given = { layout: "22", amount, orderNumber, meterAddress: address, mac1: NO_MAC, mac2: NO_MAC } as const;
  return talk.order(requests.refund({ address, operator }, given, choices), options);
}
