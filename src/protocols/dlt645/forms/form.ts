/**
 * A form: one way in which a function is asked, and the way in which it is answered. Functions have several, told apart by level,
 * identifier or length; each stands once, in the files beside this one.
 */
import type { Choices } from "../choices.ts";
import type { Version } from "../control-codes.ts";
import { layout } from "./layout.ts";
import type { AnySlot, AnyValues, Layout, Slots, ValuesOf } from "./layout.ts";
import { isEcho } from "./slots.ts";

/**
 * Who may be asked. `any`: reads and 13H, wildcards too · `alone`: the only meter on a line, or one by its name · `one`: one by its
 * name, since a stranger could obey · `one-or-every`: one, or all, and then nobody answers.
 */
export type Audience = "any" | "alone" | "one" | "one-or-every";

/** Whether D5 may be set and D6: parts and refusals. */
export interface Answering {
  /** A long answer may come in parts. */
  readonly parts: boolean;
  /** ERR one byte · SERR two · relay: one, or two where they were asked for · none: such a request is obeyed or met with silence. */
  readonly refusal: "ERR" | "SERR" | "relay" | "none";
}

export interface Form<S extends Slots = Slots, R extends Slots = Slots> extends Answering {
  readonly code: number;
  readonly version: Version;
  readonly to: Audience;
  readonly request: Layout<S>;
  readonly reply: Layout<R>;
  /** Data bytes of a request that may be sent; more are heard all the same. */
  readonly bytesMax: number;
  /** Only under these choices does anything heard have this form. */
  readonly heardIf: (choices: Choices) => boolean;
  /** Takes whatever of its function has no form of its own. */
  readonly fallback: boolean;
  /** What its places may not say together, for who sends it; refuses with the name of one of them. */
  readonly check: (values: AnyValues) => void;
}
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a list of forms of any layouts; each is used with its own values
export type AnyForm = Form<any, any>;

export type RequestValues<F extends AnyForm> = ValuesOf<F["request"]["slots"]>;
export type ReplyValues<F extends AnyForm> = ValuesOf<F["reply"]["slots"]>;

/** The base standard stops at 200 in replies; later documents let writes grow as long. */
export const DATA_BYTES_MAX_STANDARD = 200;

type Rest = Partial<Pick<Form, "to" | "parts" | "refusal" | "bytesMax" | "heardIf" | "fallback" | "check" | "version">>;

export function form<const S extends Slots, const R extends Slots>(
  code: number,
  parts: Rest & { readonly request: S; readonly reply: R },
): Form<S, R> {
  const { request, reply, ...others } = parts;
  const resolved = Object.fromEntries(
    Object.entries(reply).map(([name, slot]) => [name, isEcho(slot) ? echoOf(request, name) : slot]),
  );
  return {
    code,
    version: "2007",
    to: "one",
    parts: false,
    refusal: "ERR",
    bytesMax: DATA_BYTES_MAX_STANDARD,
    heardIf: () => true,
    fallback: false,
    check: () => undefined,
    ...others,
    request: layout(request),
    reply: layout(resolved as unknown as R),
  };
}

function echoOf(request: Slots, name: string): AnySlot {
  const asked = request[name];
  if (asked === undefined) throw new Error(`nothing is asked under ${name}`);
  return { ...asked, kind: asked.kind === "hidden" ? "hidden" : "echo" };
}
