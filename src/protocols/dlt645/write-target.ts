/**
 * What may be written into an item that is known: as many bytes as it has, and values in all of them. A meter answers a wrong length
 * with ERR 01 at best and keeps half of it at worst (clause 5.4 of the reference: it looks at the BCD first), so it is held against the
 * dictionary before it leaves. What nobody has described passes: its length is its maker's business. What a meter hears is not held
 * against anything here.
 */
import { itemUnder } from "./chosen-items.ts";
import type { Choices } from "./choices.ts";
import { itemOf1997 } from "./dictionary-1997.ts";
import type { Category, DictionaryItem } from "./dictionary.ts";
import type { Item, Member } from "./item.ts";
import { refuse } from "./refusal.ts";

/** What a meter measures or has seen is no parameter, whatever a password allows. */
const ONLY_READ: Partial<Record<Category, string>> = {
  energy: "an energy register",
  demand: "a maximum demand",
  instantaneous: "a measured value",
  event: "an event record",
  freeze: "a frozen value",
  load: "a load profile",
};
/** Balances and records of purchases are money, and stand among registers and events. */
const RECORDED_MONEY = /^0[03]/;

function natureOf(item: DictionaryItem): string | undefined {
  const { access, category } = item.row;
  if (access !== "r") return undefined;
  return category === "fee" && RECORDED_MONEY.test(item.di) ? "a balance or a record" : ONLY_READ[category];
}

/** The values of the forms that write in the clear. */
export interface Written {
  readonly di: string;
  readonly data: Uint8Array;
}

/** `named`: what a profile writes all the same. */
export function checkWrite({ di, data }: Written, choices: Choices, named: (di: string) => boolean): void {
  const item = di.length === 4 ? itemOf1997(di) : itemUnder(di.toUpperCase(), choices);
  if (item === undefined) return;
  const nature = "row" in item ? natureOf(item as DictionaryItem) : undefined;
  if (nature !== undefined && !named(di)) refuse("di", `${item.name} is ${nature}, which is only read`, di);
  const { bytes } = item.shape;
  if (bytes !== null && data.length !== bytes) refuse("data", `${data.length} bytes; ${item.name} has ${bytes}`);
  for (const member of item.shape.members(data)) checkMember(member, item);
}

/** Read as it stands, then written again: a month 34 is read and shown, and no meter is told of one. */
function checkMember({ name, value, fault, format }: Member, item: Item): void {
  const field = name === item.name ? "data" : `data.${name}`;
  if (fault !== null) refuse(field, fault);
  if (format === null) return;
  if (value !== null) format.encode(value, field);
  else if (format.kind === "digits" || format.kind === "moment") refuse(field, "FF in every byte says that there is no value");
}
