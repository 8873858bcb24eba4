/**
 * How bytes lie in a message: as they are, as hex text, or in a field of a JSON object whose field names are data. A modem that
 * wraps frames mostly echoes a number of ours; where it does, an answer can be told from every other answer, which bytes alone
 * do not allow.
 *
 * A message holds bytes, not frames: half a frame or three of them are as good. What is in another form than agreed is named,
 * never thrown and never shown: it may hold anything.
 */
export interface JsonFields {
  /** The field with the frame. */
  readonly data: string;
  /** The field with our number, which the answer says back; null: the modem knows none. */
  readonly id: string | null;
  readonly encoding: "hex" | "base64";
}

/** As the DTUs write it that we know of: {"msg_id":17,"data":"68…16"}. */
export const JSON_FIELDS: JsonFields = { data: "data", id: "msg_id", encoding: "hex" };
export const PAYLOAD_KINDS = ["raw", "hex", "json"] as const;
export type PayloadKind = (typeof PAYLOAD_KINDS)[number];

/** `id`: the number it says back, as text; null where it says none. `wrong`: which field, and what is the matter. */
export type ReadPayload = { readonly bytes: Uint8Array; readonly id: string | null } | { readonly wrong: string };

export interface PayloadForm {
  write(bytes: Uint8Array, id: number): Uint8Array | string;
  read(payload: Uint8Array): ReadPayload;
}

/** Far more than any answer; a stranger's megabytes are not looked at. */
export const PAYLOAD_BYTES_MAX = 16_384;

export function payloadForm(kind: PayloadKind, fields: JsonFields = JSON_FIELDS): PayloadForm {
  const form = kind === "json" ? jsonForm(fields) : plainForms[kind];
  return {
    write: (bytes, id) => form.write(bytes, id),
    read: (payload) =>
      payload.length > PAYLOAD_BYTES_MAX
        ? { wrong: `the payload: ${payload.length} bytes, more than ${PAYLOAD_BYTES_MAX}` }
        : form.read(payload),
  };
}

const plainForms: Readonly<Record<"raw" | "hex", PayloadForm>> = {
  raw: { write: (bytes) => bytes, read: (payload) => ({ bytes: payload, id: null }) },
  hex: { write: (bytes) => toHex(bytes), read: (payload) => textOf(decoders.hex(textIn(payload)), "the payload", null) },
};

function jsonForm({ data, id, encoding }: JsonFields): PayloadForm {
  return {
    write: (bytes, number) =>
      JSON.stringify({
        ...(id === null ? {} : { [id]: number }),
        [data]: encoding === "hex" ? toHex(bytes) : Buffer.from(bytes).toString("base64"),
      }),
    read: (payload) => {
      const object = objectIn(textIn(payload));
      if (object === undefined) return { wrong: "the payload: no JSON object" };
      // Own fields only: "constructor" is a field of no message.
      const field = Object.hasOwn(object, data) ? object[data] : undefined;
      if (typeof field !== "string") return { wrong: `${data}: ${field === undefined ? "is missing" : "is no text"}` };
      const said = id !== null && Object.hasOwn(object, id) ? object[id] : null;
      return textOf(decoders[encoding](field), data, typeof said === "string" || typeof said === "number" ? String(said) : null);
    },
  };
}

/** Bytes, or what is wrong with the text. */
const decoders: Readonly<Record<JsonFields["encoding"], (text: string) => Uint8Array | string>> = {
  hex: (text) => {
    const digits = text.replaceAll(/\s/g, "");
    const odd = /[^0-9a-f]/i.exec(digits);
    if (odd !== null) return `no hex digit at ${odd.index + 1}`;
    if (digits.length % 2 !== 0) return `${digits.length} hex digits, half a byte too few`;
    return Uint8Array.from(Buffer.from(digits, "hex"));
  },
  base64: (text) => {
    const letters = text.replaceAll(/\s/g, "");
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(letters) || letters.replaceAll("=", "").length % 4 === 1) return "no base64";
    return Uint8Array.from(Buffer.from(letters, "base64"));
  },
};

const textOf = (read: Uint8Array | string, field: string, id: string | null): ReadPayload =>
  typeof read === "string" ? { wrong: `${field}: ${read}` } : { bytes: read, id };
const textIn = (payload: Uint8Array): string => Buffer.from(payload).toString("utf8");
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex").toUpperCase();

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
