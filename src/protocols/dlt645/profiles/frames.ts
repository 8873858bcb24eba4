/**
 * Frames in a model's own words: the same wish, built as this profile writes it. How a form is laid out is told by the forms and this
 * model's choices; a profile adds which items it has, which level it knows and its own operator code. Cryptograms and MACs are
 * handed in, highest byte first: no keys live here.
 */
import type { Secret } from "../../../kernel/secret.ts";
import { itemUnder } from "../chosen-items.ts";
import { hexByte } from "../frame.ts";
import type { Frame } from "../frame.ts";
import { printMember } from "../item.ts";
import type { Item } from "../item.ts";
import type { RelayOrderName } from "../relay-orders.ts";
import * as requests from "../requests.ts";
import { readWord3 } from "../word3-layouts.ts";
import type { RelayWord } from "../word3-layouts.ts";
import type { ModelProfile, ProfileItemName } from "./profile.ts";

interface To {
  readonly address: string;
  /** Eight hex digits; a profile with an operator code of its own wins. */
  readonly operator: string;
}

function itemOf(profile: ModelProfile, name: ProfileItemName): Item {
  const own = profile.items[name];
  if (own === null) throw new Error(`a ${profile.name} has no ${name}`);
  const item = itemUnder(own.di, profile.choices);
  if (item === undefined) throw new Error(`nobody has described ${own.di}, the ${name} of a ${profile.name}`);
  return item;
}

export const readItem = (profile: ModelProfile, name: ProfileItemName, address: string): Frame =>
  requests.read(address, itemOf(profile, name).di);

/**
 * `bytes`: what stands behind the identifier, 33H taken off. One value has the name by which it was asked for, whatever the dictionary
 * calls it; those of a block have their own.
 */
export function decodeItem(
  profile: ModelProfile,
  name: ProfileItemName,
  bytes: Uint8Array,
): { readonly values: Readonly<Record<string, string | null>> } | { readonly fault: string } {
  const members = itemOf(profile, name).shape.members(bytes);
  const values: Record<string, string | null> = {};
  for (const member of members) {
    const [value] = printMember(members.length === 1 ? { ...member, name } : member);
    if (value!.fault !== undefined) return { fault: `${value!.name}: ${value!.fault}` };
    values[value!.name] = value!.value;
  }
  return { values };
}

/** Word 3 as this generation lays it out. */
export function decodeRelayWord(profile: ModelProfile, bytes: Uint8Array): RelayWord | { readonly fault: string } {
  const read = decodeItem(profile, "relayWord", bytes);
  if ("fault" in read) return read;
  const word = read.values["relayWord"] ?? null;
  return word === null ? { fault: "relayWord: no data" } : readWord3(profile.choices.word3, Number.parseInt(word, 16));
}

const asItsOwn = ({ proof }: ModelProfile, { address, operator }: To): To => ({ address, operator: proof.operator ?? operator });

export function topUpFrame(profile: ModelProfile, to: To, credit: requests.Credit): Frame {
  if (profile.purchase === null) throw new Error(`a ${profile.name} takes no credit`);
  return requests.purchase(asItsOwn(profile, to), credit, profile.choices);
}

/** The refund of function 03H; the one of 14H is `requests.writeCiphered`. */
export const refundFrame = (profile: ModelProfile, to: To, refund: requests.Refund): Frame =>
  requests.refund(asItsOwn(profile, to), refund, profile.choices);

/** Plain 1CH. The operator code of a profile belongs to function 03H: captures of its relay orders carry others. */
export function relayFrame(
  { name, proof, choices }: ModelProfile,
  to: To,
  order: { readonly order: RelayOrderName; readonly deadline: string; readonly password: Secret<string> },
): Frame {
  if (proof.password === null) throw new Error(`a ${name} takes no plain order`);
  return requests.relayOrder({ ...to, ...order, level: proof.password.level }, choices);
}

/** "0002": the error word of a reply as this model writes it, highest byte first, whatever its width. */
export const errorOf = (data: Uint8Array): string => Array.from(data, hexByte).reverse().join("").padStart(4, "0");
