/**
 * May these bytes go to this model? The last look at a frame before it is sent, and the answer is no by default wherever
 * something would be lost for good: a purse, keys, passwords, records, the way to the meter itself.
 *
 * The same identifier means different things to different vendors: 070103FF gives money back in one family and wipes the
 * purse in all others. So nothing dangerous is known to be harmless; a profile has to name it. Function 03H is allowed by
 * name only, since every vendor adds to it. Pure, and a second lock: whoever builds frames should not have built this one.
 */
import { ANY_METER, EVERY_METER, hexByte } from "../frame.ts";
import type { Frame } from "../frame.ts";
import { relayOrders } from "../relay-orders.ts";
import { SECURITY } from "../security-identifiers.ts";
import type { ModelProfile, ProfileOrder } from "./profile.ts";

export type Permit = { readonly allowed: true; readonly money: boolean } | { readonly allowed: false; readonly why: string };

interface Danger {
  readonly control: number;
  readonly di: string | null;
  readonly why: string;
}
const danger = (control: number, di: string | null, why: string): Danger => ({ control, di, why });

/** Denied for every model that does not name it. */
export const dangers: readonly Danger[] = [
  danger(0x03, "070103FF", "it empties the purse"),
  danger(0x03, "0702xxFF", "it changes keys"),
  danger(0x03, "070301FF", "it changes keys"),
  danger(0x03, "xxxxxxxx", "this model's profile does not name it, and vendors mean different things by one identifier"),
  danger(0x04, "xxxx", "this model's profile does not name it"),
  danger(0x0a, null, "it gives the meter another address"),
  danger(0x0f, null, "it changes a password"),
  danger(0x10, null, "it clears the maximum demand"),
  danger(0x14, "00xxxxxx", "it writes energy registers"),
  danger(0x14, "01xxxxxx", "it writes maximum demands"),
  danger(0x14, "03xxxxxx", "it writes event records"),
  danger(0x14, "04000401", "it gives the meter another address"),
  danger(0x14, "04000402", "it gives the meter another number, and with it other keys"),
  danger(0x14, "0400040E", "it gives the meter to another customer"),
  danger(0x14, "04000Cxx", "it changes a password"),
  danger(0x14, "04001006", "it takes money back, and this model does that another way or not at all"),
  danger(0x15, null, "it gives the meter another address"),
  danger(0x18, null, "it changes a password"),
  danger(0x19, null, "it clears the maximum demand"),
  danger(0x1a, null, "it clears the meter"),
  danger(0x1b, null, "it clears event records"),
];

/** Reading and the wildcard's own question; everything else goes to one meter by name. */
const HARMLESS_TO_MANY: readonly number[] = [0x01, 0x02, 0x08, 0x11, 0x12, 0x13, 0x16, 0x1d];

/** Where a missing identifier could hide anything. */
const IDENTIFIED: readonly number[] = [0x03, 0x04, 0x14];

export function permit(profile: ModelProfile, frame: Frame): Permit {
  const { control } = frame;
  const deny = (why: string): Permit => ({ allowed: false, why: `${hexByte(control)} ${identifierOf(frame) ?? ""}: ${why}` });
  if ((control & 0xe0) !== 0) return deny("this is no request");
  if (!profile.functions.includes(control)) return deny(`${profile.name} does not know this function`);
  const goesToMany = frame.address === EVERY_METER || frame.address === ANY_METER || frame.address.includes("A");
  if (goesToMany && !HARMLESS_TO_MANY.includes(control)) return deny(`it goes to one meter by name, not to ${frame.address}`);

  const di = identifierOf(frame);
  if (di === undefined && IDENTIFIED.includes(control)) return deny("it names no item");
  const wrong = misfit(profile, frame, di);
  if (wrong !== undefined) return deny(wrong);
  const named = profile.orders.find((order) => fits(order, control, di));
  if (named !== undefined) return isDenied(named) ? deny(named.what) : { allowed: true, money: named.money };
  // FF asks for all of a level, so it touches whatever it covers; what a profile allows, it allows by its own name alone.
  const found = [...profile.orders.filter(isDenied).map(({ what, ...order }) => ({ ...order, why: what })), ...dangers].find(
    (each) => covers(each, control, di),
  );
  if (found !== undefined) return deny(found.why);
  return control === 0x1c ? relay(profile, frame, deny) : { allowed: true, money: false };
}

const isDenied = ({ destructive, allowed }: ProfileOrder): boolean => destructive && allowed !== true;

/** What the identifier alone does not show: a level of another family, a purchase in another vendor's layout. */
function misfit(
  { name, proof, refund, choices }: ModelProfile,
  { control, data }: Frame,
  di: string | undefined,
): string | undefined {
  if (control === 0x14) {
    const level = hexByte(data[LEVEL_AT] ?? 0);
    const { clear, cipher } = proof.levels ?? { clear: null, cipher: null };
    if (!isPasswordLevel(level) && level !== clear && level !== cipher)
      return `level ${level}, where this model knows ${[clear, cipher].filter((each) => each !== null).join(" and ") || "none"}`;
    if (di === refund?.di && level !== cipher) return `level ${level}; money goes back under a cipher alone`;
  }
  if (control === 0x03 && (di === SECURITY.topUp || di === SECURITY.openAccount)) {
    // By its length a layout is known, and by its length it is named.
    const bytes = Number.parseInt(choices.purchase, 16);
    if (data.length !== bytes) return `${data.length} bytes; a purchase of a ${name} has ${bytes}`;
  }
  return undefined;
}
/** Behind the identifier. */
const LEVEL_AT = 4;
/** Ten levels of passwords, 0 the highest; all others are those of ciphers and MACs, or none. */
const isPasswordLevel = (level: string): boolean => /^0\d$/.test(level);

/** An order under a cipher hides what it is; its level and length do not. */
function relay(profile: ModelProfile, { data }: Frame, deny: (why: string) => Permit): Permit {
  const level = hexByte(data[0] ?? 0);
  if (!isPasswordLevel(level)) {
    const cipher = profile.proof.levels?.cipher;
    return level === cipher
      ? { allowed: true, money: false }
      : deny(`level ${level}, where this model knows ${cipher ?? "none"}`);
  }
  const order = profile.relayOrders.find((name) => relayOrders[name].byte === data[8]);
  return order === undefined ? deny(`its relay does not know ${hexByte(data[8] ?? 0)}`) : { allowed: true, money: false };
}

type Rule = Pick<ProfileOrder, "control" | "di">;

const fits = (rule: Rule, control: number, di: string | undefined): boolean => matches(rule, control, di, () => false);
/** The same, and an FF of what is asked stands for any byte of the rule. */
const covers = (rule: Rule, control: number, di: string | undefined): boolean =>
  matches(rule, control, di, (asked) => asked === "FF");

function matches(rule: Rule, control: number, di: string | undefined, anyByte: (asked: string) => boolean): boolean {
  if (rule.control !== control) return false;
  if (rule.di === null) return true;
  if (di?.length !== rule.di.length) return false;
  return (rule.di.match(/../g) ?? []).every((byte, i) => {
    const asked = di.slice(2 * i, 2 * i + 2);
    return anyByte(asked) || Array.from(byte).every((digit, at) => digit === "x" || digit === asked[at]);
  });
}

/** As written, highest first; two bytes in the 1997 edition, none where the function has none. */
function identifierOf({ control, data }: Frame): string | undefined {
  const bytes = { 0x01: 2, 0x02: 2, 0x04: 2, 0x03: 4, 0x11: 4, 0x12: 4, 0x14: 4 }[control] ?? 0;
  if (bytes === 0 || data.length < bytes) return undefined;
  return Array.from(data.subarray(0, bytes), hexByte).reverse().join("");
}
