/**
 * Every form of every function, by name, as a set of choices makes them; and how the bytes of a frame find their form. Which form
 * something has is told by the places that differ (level, identifier) and by its length, in the order in which forms are listed.
 */
import { STANDARD } from "./choices.ts";
import type { Choices } from "./choices.ts";
import { FUNCTION_MASK, isReply, versionOf } from "./control-codes.ts";
import { Unreadable } from "./format.ts";
import { forms1997 } from "./forms/edition-1997.ts";
import type { AnyForm, ReplyValues as ReplyValuesOf, RequestValues as RequestValuesOf } from "./forms/form.ts";
import { readingForms } from "./forms/reading.ts";
import { relayForms } from "./forms/relay.ts";
import { securityForms } from "./forms/security.ts";
import { settingForms } from "./forms/setting.ts";
import type { Frame } from "./frame.ts";
import { cut, misfit } from "./layout.ts";
import type { Layout } from "./layout.ts";

const make = (choices: Choices) => ({
  ...readingForms(choices),
  ...settingForms(choices),
  ...relayForms(choices),
  ...securityForms(choices),
  ...forms1997(choices),
});
export type Forms = ReturnType<typeof make>;
export type FormName = keyof Forms;
export type RequestValues<N extends FormName> = RequestValuesOf<Forms[N]>;
export type ReplyValues<N extends FormName> = ReplyValuesOf<Forms[N]>;

const made = new WeakMap<Choices, Forms>();

/** Made once for each set of choices, which is known by itself: a profile keeps its own. */
export function formsOf(choices: Choices = STANDARD): Forms {
  let forms = made.get(choices);
  if (forms === undefined) made.set(choices, (forms = make(choices)));
  return forms;
}
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
  const code = frame.control & FUNCTION_MASK;
  const version = versionOf(frame);
  const answering = isReply(frame.control);
  let nearest: Found | undefined;
  const others: Found[] = [];
  for (const [name, form] of Object.entries(formsOf(choices)) as [FormName, AnyForm][]) {
    if (form.code !== code || form.version !== version || !form.heardIf(choices)) continue;
    if (form.fallback && nearest !== undefined && !lenient) continue;
    const layout = (answering ? form.reply : form.request) as Layout;
    const found = { name, form, why: misfit(layout, frame.data.length) };
    if (!hasMarks(layout, frame.data)) {
      others.push(found);
      continue;
    }
    if (found.why === undefined) return found;
    nearest ??= found;
  }
  // A function's only form needs no marks: its places say better what is wrong.
  return nearest ?? (lenient || others.length === 1 ? others.at(-1) : undefined);
}

function hasMarks(layout: Layout, data: Uint8Array): boolean {
  for (const { slot, wire } of cut(layout, data))
    if (slot.tells && (wire.length < slot.bytes || slot.read(wire) instanceof Unreadable)) return false;
  return true;
}
