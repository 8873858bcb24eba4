/**
 * Frames in a model's own words: the same wish, built as this profile writes it. Where the standard has a builder it is used;
 * where a vendor has a layout, its table is. Cryptograms and MACs are handed in, highest byte first: no keys live here.
 */
import type { Secret } from "../../../kernel/secret.ts";
import { hex } from "../formats.ts";
import { hexByte } from "../frame.ts";
import type { Frame } from "../frame.ts";
import type { RelayOrderName } from "../relay-orders.ts";
import * as requests from "../requests.ts";
import { bytesOf, decodeCells, encodeCells, layouts } from "./layouts.ts";
import type { Cut, LayoutName, Values } from "./layouts.ts";
import type { ModelProfile, ProfileItem, ProfileItemName } from "./profile.ts";
import { readWord3 } from "./word3.ts";
import type { RelayWord } from "./word3.ts";

interface To {
  readonly address: string;
  /** Eight hex digits; a profile with an operator code of its own wins. */
  readonly operator: string;
}

const itemOf = (profile: ModelProfile, name: ProfileItemName): ProfileItem => {
  const item = profile.items[name];
  if (item === null) throw new Error(`a ${profile.name} has no ${name}`);
  return item;
};

export const readItem = (profile: ModelProfile, name: ProfileItemName, address: string): Frame =>
  requests.read(address, itemOf(profile, name).di);

/** `bytes`: what stands behind the identifier, 33H taken off. */
export const decodeItem = (profile: ModelProfile, name: ProfileItemName, bytes: Uint8Array): Cut =>
  decodeCells(itemOf(profile, name).cells, bytes);

/** Word 3 as this generation lays it out. */
export function decodeRelayWord(profile: ModelProfile, bytes: Uint8Array): RelayWord | { readonly fault: string } {
  const cut = decodeItem(profile, "relayWord", bytes);
  if ("fault" in cut) return cut;
  return readWord3(profile.choices.word3, Number.parseInt(cut.values["word"]!, 16));
}

/** A function 03H order that carries a layout: top-up, opening, a vendor's refund. */
export function securityFrame(
  profile: ModelProfile,
  { address, operator }: To,
  { di, layout, values }: { readonly di: string; readonly layout: LayoutName; readonly values: Values },
): Frame {
  const cells = layouts[layout];
  const data = new Uint8Array(8 + bytesOf(cells));
  data.set(hex(4).encode(di), 0);
  data.set(hex(4).encode(profile.proof.operator ?? operator), 4);
  data.set(encodeCells(cells, values), 8);
  return { address, control: 0x03, data };
}

export function topUpFrame(profile: ModelProfile, to: To, values: Values): Frame {
  if (profile.purchase === null) throw new Error(`a ${profile.name} takes no credit`);
  return securityFrame(profile, to, { ...profile.purchase, values });
}

/** The refund of function 03H; the one of 14H is `requests.writeCiphered` at this profile's level. */
export function refundFrame(profile: ModelProfile, to: To, layout: LayoutName, values: Values): Frame {
  const { refund } = profile;
  if (refund === null || !refund.layouts.includes(layout)) throw new Error(`a ${profile.name} refunds no ${layout}`);
  return securityFrame(profile, to, { di: refund.di, layout, values });
}

/** Plain 1CH: level and password as given or as the factory set them, N2 and deadline as this model wants them. */
export function relayFrame(
  profile: ModelProfile,
  to: To,
  { order, deadline, password }: { readonly order: RelayOrderName; readonly deadline: string; readonly password: Secret<string> },
): Frame {
  const { proof, choices } = profile;
  if (proof.password === null) throw new Error(`a ${profile.name} takes no plain order`);
  const frame = requests.relayOrder({
    address: to.address,
    operator: to.operator, // the code of a profile belongs to function 03H: captures of its relay orders carry others
    order,
    deadline: { real: deadline, far: "991231235959", nines: "999999999999", ignored: deadline }[choices.deadline],
    level: proof.password.level,
    password,
  });
  return choices.reservedN2 === "01" && !order.startsWith("disconnectThen") ? { ...frame, data: frame.data.with(9, 1) } : frame;
}

/** "0002": the error word of a reply as this model writes it, highest byte first, whatever its width. */
export const errorOf = (data: Uint8Array): string => Array.from(data, hexByte).reverse().join("").padStart(4, "0");
