/**
 * Signs a document and verifies it, without gateway and database. What is signed are the canonical bytes of everything but the signature's
 * value; what is verified are the bytes of the file, which have to be the canonical ones: a document that reads differently and
 * means the same would be a place to hide in.
 */
import { sign, verify } from "node:crypto";
import { canonical, plain, type Plain } from "../kernel/canonical.ts";
import type { PublicKey, SigningKey } from "./keys.ts";

export const FORM = "fee-control-receipt/1";
const ALGORITHM = "Ed25519";
const SIGNATURE = /^[0-9a-f]{128}$/;

type Fields = { readonly [name: string]: Plain };

/** The bytes of the signed document; a line end closes them. */
export function signed(document: Fields, key: SigningKey): string {
  const signature = { algorithm: ALGORITHM, key: key.id };
  const bytes = Buffer.from(canonical({ ...document, form: FORM, signature }));
  const value = sign(null, bytes, key.sign).toString("hex");
  return `${canonical({ ...document, form: FORM, signature: { ...signature, value } })}\n`;
}

export type Verdict =
  | { readonly valid: true; readonly key: string; readonly document: Fields }
  | { readonly valid: false; readonly why: "no-receipt" | "unknown-key" | "signature" | "rewritten"; readonly say: string };

/** Null: no object. */
export const fieldsOf = (value: Plain | undefined): Fields | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;

export function verified(text: string, keys: readonly PublicKey[]): Verdict {
  let parsed: Plain;
  try {
    parsed = plain(JSON.parse(text));
  } catch {
    return { valid: false, why: "no-receipt", say: "this is no JSON document" };
  }
  const document = fieldsOf(parsed);
  const signature = fieldsOf(document?.["signature"]);
  if (document?.["form"] !== FORM || signature === null)
    return { valid: false, why: "no-receipt", say: `this is no document of the form ${FORM}` };
  const { value, ...said } = signature;
  const key = keys.find(({ id }) => id === said["key"]);
  if (key === undefined)
    return {
      valid: false,
      why: "unknown-key",
      say: `it says that it was signed with key ${typeof said["key"] === "string" ? said["key"] : "without a name"}; known are ${keys.map(({ id }) => id).join(", ") || "none"}`,
    };
  const bytes = Buffer.from(canonical({ ...document, signature: said }));
  const isSigned =
    said["algorithm"] === ALGORITHM &&
    typeof value === "string" &&
    SIGNATURE.test(value) &&
    verify(null, bytes, key.pem, Buffer.from(value, "hex"));
  if (!isSigned) return { valid: false, why: "signature", say: "something in it was changed after it was signed" };
  if (text !== canonical(parsed) && text !== `${canonical(parsed)}\n`)
    return {
      valid: false,
      why: "rewritten",
      say: "its values are those that were signed, but the file is not byte for byte as it was given out",
    };
  return { valid: true, key: key.id, document };
}
