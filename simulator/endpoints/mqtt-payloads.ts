/**
 * How a frame lies in a message: as it is, as hex text, or in JSON. Two kinds of JSON are understood, and each is answered in
 * its own: `{"hex"}` with `{"address","hex"}`, and a modem's `{"msg_id","data"}` with the same two, the msg_id echoed.
 */
import { fromHex, hex } from "../bytes.ts";
import type { MqttPayload } from "../plans.ts";

export interface Read {
  readonly bytes: Uint8Array;
  /** Present when the request was in a modem's JSON. */
  readonly modem?: { readonly msgId: unknown };
}

interface PayloadForm {
  readonly write: (bytes: Uint8Array, address: string, modem: Read["modem"]) => Buffer | string;
  /** undefined: not in this form. */
  readonly read: (payload: Buffer) => Read | undefined;
}

function readHex(text: unknown): Read | undefined {
  if (typeof text !== "string") return undefined;
  const digits = text.replaceAll(/\s/g, "");
  return digits.length % 2 === 0 && /^[0-9a-f]*$/i.test(digits) ? { bytes: fromHex(digits) } : undefined;
}

function readJson(text: string): Read | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { hex: plain, data, msg_id: msgId } = value as { hex?: unknown; data?: unknown; msg_id?: unknown };
  if (plain !== undefined) return readHex(plain);
  const read = readHex(data);
  return read === undefined ? undefined : { ...read, modem: { msgId } };
}

export const payloadForms: Readonly<Record<MqttPayload, PayloadForm>> = {
  raw: { write: (bytes) => Buffer.from(bytes), read: (payload) => ({ bytes: new Uint8Array(payload) }) },
  hex: { write: (bytes) => hex(bytes), read: (payload) => readHex(payload.toString()) },
  json: {
    write: (bytes, address, modem) =>
      JSON.stringify(modem === undefined ? { address, hex: hex(bytes) } : { msg_id: modem.msgId, data: hex(bytes) }),
    read: (payload) => readJson(payload.toString()),
  },
};
