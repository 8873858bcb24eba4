/**
 * Every form of every function, by name, as a set of choices makes them; and how the bytes of a frame find their form. Which form
 * something has is told by the places that differ (level, identifier) and by its length, in the order in which forms are listed.
 */
import { STANDARD } from "./choices.ts";
import type { Choices } from "./choices.ts";
import { FUNCTION_MASK, isReply, versionOf } from "./control-codes.ts";
import { forms1997 } from "./forms/edition-1997.ts";
import type { AnyForm, ReplyValues as ReplyValuesOf, RequestValues as RequestValuesOf } from "./forms/form.ts";
import { readingForms } from "./forms/reading.ts";
import { relayForms } from "./forms/relay.ts";
import { securityForms } from "./forms/security.ts";
import { settingForms } from "./forms/setting.ts";
import { vendorForms } from "./forms/vendors.ts";
import type { Frame } from "./frame.ts";
import { hasMarks, misfit } from "./forms/layout.ts";
import type { Layout } from "./forms/layout.ts";
import { Unreadable } from "./formats/format.ts";

const make = (choices: Choices) => ({
  ...readingForms(choices),
  ...settingForms(choices),
  ...relayForms(choices),
  ...vendorForms(choices),
  ...securityForms(choices),
  ...forms1997(choices),
});
export type Forms = ReturnType<typeof make>;
export type FormName = keyof Forms;
export type RequestValues<N extends FormName> = RequestValuesOf<Forms[N]>;
export type ReplyValues<N extends FormName> = ReplyValuesOf<Forms[N]>;

interface Made {
  readonly forms: Forms;
  /** Those that are heard under these choices, by function code, in their order. */
  readonly heard: readonly (readonly (readonly [FormName, AnyForm])[])[];
}
const made = new WeakMap<Choices, Made>();

/** Made once for each set of choices, which is known by itself: a profile keeps its own. */
function madeFor(choices: Choices): Made {
  const known = made.get(choices);
  if (known !== undefined) return known;
  const forms = make(choices);
  const all = Object.entries(forms) as [FormName, AnyForm][];
  const heard = Array.from({ length: FUNCTION_MASK + 1 }, (_, code) =>
    all.filter(([, form]) => form.code === code && form.heardIf(choices)),
  );
  const fresh = { forms, heard };
  made.set(choices, fresh);
  return fresh;
}
export const formsOf = (choices: Choices = STANDARD): Forms => madeFor(choices).forms;
export const formNamed = (name: FormName, choices: Choices = STANDARD): AnyForm => formsOf(choices)[name];
export const formNames = Object.keys(formsOf()) as FormName[];

export interface Found {
  readonly name: FormName;
  readonly form: AnyForm;
  /** What stands in the way when it is the nearest form and not the right one. */
  readonly why: string | undefined;
}

/**
 * The form of a frame. A frame that has the marks of a form and another length has that form, with `why`; `lenient`: then the form
 * that takes whatever comes, if its function has one, since vendors lengthen what they know; and of a frame without any marks the
 * function's plain form, which stands last: somebody may have put a password where passwords stand.
 */
export function formOf(frame: Frame, choices: Choices = STANDARD, lenient = false): Found | undefined {
  const { data } = frame;
  const code = frame.control & FUNCTION_MASK;
  const version = versionOf(frame);
  const answering = isReply(frame.control);
  let nearest: Found | undefined;
  let unmarked = 0;
  let last: Found | undefined;
  for (const [name, form] of madeFor(choices).heard[code]!) {
    if (form.version !== version) continue;
    if (form.fallback && nearest !== undefined && !lenient) continue;
    const layout = (answering ? form.reply : form.request) as Layout;
    if (!hasMarks(layout, data)) {
      unmarked += 1;
      last = { name, form, why: undefined };
      continue;
    }
    const why = misfit(layout, data.length);
    if (why === undefined) return { name, form, why };
    nearest ??= { name, form, why };
  }
  if (nearest !== undefined || last === undefined || (unmarked > 1 && !lenient)) return nearest;
  // A function's only form needs no marks: its places say better what is wrong.
  return { ...last, why: misfit((answering ? last.form.reply : last.form.request) as Layout, data.length) };
}

/** The form that has the identifier which stands first in `data`, whatever follows it; the one for the rest has none. */
export function ownFormOf(code: number, data: Uint8Array, choices: Choices): FormName | undefined {
  const own = madeFor(choices).heard[code]!.find(([, { fallback, request }]) => {
    const first = (request as Layout).marks[0];
    return !fallback && first?.at === 0 && !(first.slot.read(data.subarray(0, first.slot.bytes)) instanceof Unreadable);
  });
  return own?.[0];
}
