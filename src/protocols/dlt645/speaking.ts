/**
 * Both ends of a request, from the same table of forms: the gateway's values become a frame, and a meter that hears a frame gets the
 * values back. `requests.ts` has the builders by name that the other rooms use; they end here.
 */
import { checkAudience } from "./addressing.ts";
import { STANDARD } from "./choices.ts";
import type { Choices } from "./choices.ts";
import { FUNCTIONS, FUNCTION_MASK, isReply } from "./control-codes.ts";
import { formNamed, formOf, ownFormOf } from "./forms.ts";
import type { FormName, RequestValues } from "./forms.ts";
import { hexByte } from "./frame.ts";
import type { Frame } from "./frame.ts";
import { decode, encode } from "./forms/layout.ts";
import type { AnyValues, Layout } from "./forms/layout.ts";
import { refuse } from "./refusal.ts";
import { checkWrite } from "./write-target.ts";
import type { Written } from "./write-target.ts";

/** A request by its form: who is asked, and the values of the form. Passwords are secrets that print as dots. */
export type RequestOf<N extends FormName> = { readonly is: N; readonly address: string } & RequestValues<N>;
export type Request = { [N in FormName]: RequestOf<N> }[FormName];

export type Heard =
  | Request
  /** Its function is known; what it carries is none of its forms. `field`: the place that does not fit, where it is one. */
  | {
      readonly is: "malformed";
      readonly address: string;
      readonly code: number;
      readonly form: FormName | null;
      readonly field: string | null;
      readonly why: string;
    }
  | { readonly is: "unknown-function"; readonly address: string; readonly code: number }
  /** A reply, a neighbour's or our own: nothing to hear. */
  | { readonly is: "reply"; readonly address: string };

/** Throws the fault `unencodable` with the name of the field that the standard forbids. */
export function writeRequest<N extends FormName>(
  request: RequestOf<N>,
  choices: Choices = STANDARD,
  named: Named = nothing,
): Frame {
  const { is, address } = request;
  const form = formNamed(is, choices);
  checkAudience(form.to, address);
  const values: AnyValues = request;
  const data = encode(form.request as Layout, values);
  if (data.length > form.bytesMax) refuse("data", `${data.length} bytes; at most ${form.bytesMax} are sent`);
  form.check(values);
  if (WRITES.has(is)) checkWrite(values as unknown as Written, choices, named);
  if (form.fallback) checkFallback(form.code, data, choices);
  return { address, control: form.code, data };
}
/** In the clear; under a cipher nobody can look. */
const WRITES: ReadonlySet<FormName> = new Set(["write", "write-with-mac", "write-1997"]);
/** Identifiers that a model's profile names as written, though by their nature they are only read. */
export type Named = (di: string) => boolean;
const nothing: Named = () => false;

/** What has a form of its own has its own places: built by this one it would be malformed, or look like something else. */
function checkFallback(code: number, data: Uint8Array, choices: Choices): void {
  const own = ownFormOf(code, data, choices);
  if (own !== undefined) refuse("di", `has a form of its own, ${own}`);
}

/** What a meter hears. Whether it is meant: `attentionOf`. Never throws. */
export function readRequest(frame: Frame, choices: Choices = STANDARD): Heard {
  const { address, control, data } = frame;
  const code = control & FUNCTION_MASK;
  if (isReply(control)) return { is: "reply", address };
  if (control !== code || !FUNCTIONS.has(code)) return { is: "unknown-function", address, code: control };
  const found = formOf(frame, choices);
  const malformed = (why: string, field: string | null) =>
    ({ is: "malformed", address, code, form: found?.name ?? null, field, why }) as const;
  if (found === undefined) return malformed(`no form of function ${hexByte(code)} begins like this`, null);
  if (found.why !== undefined) return malformed(found.why, null);
  const read = decode(found.form.request as Layout, data);
  if ("fault" in read) return malformed(read.fault, read.field);
  return { ...read.values, is: found.name, address } as Request;
}
