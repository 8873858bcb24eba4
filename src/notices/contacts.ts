/** Where customers can be reached. Personal: kept as secrets, shown with their middle left out, and struck out of what others say of them. */
import type { AccountId } from "../kernel/ids.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Language } from "./templates.ts";

/** One way to reach somebody; another kind of way is another field. */
export interface Contact {
  readonly phone?: Secret<string>;
  readonly email?: Secret<string>;
}

export interface CustomerSaid {
  readonly contact: Contact;
  readonly language?: Language;
}

export type ContactBook = ReadonlyMap<AccountId, CustomerSaid>;

const HIDDEN = "••••";

/** "138••••0000", "l••••@example.com"; of what is short nothing is left. */
export function masked(given: string): string {
  const at = given.lastIndexOf("@");
  if (at > 0) return `${given.slice(0, 1)}${HIDDEN}${given.slice(at)}`;
  return given.length < 8 ? HIDDEN : `${given.slice(0, 3)}${HIDDEN}${given.slice(-4)}`;
}

export const maskedContact = ({ phone, email }: Contact): Readonly<Record<string, string>> => ({
  ...(phone === undefined ? {} : { phone: masked(phone.open()) }),
  ...(email === undefined ? {} : { email: masked(email.open()) }),
});

/** What a server said, without the customer's number or address in it: as it was sent, as servers write numbers, and cut off at the end. */
export function struckOut(words: string, { phone, email }: Contact): string {
  const personal = [phone?.open(), email?.open()].filter((each) => each !== undefined && each !== "") as string[];
  return personal.reduce((text, each) => withoutBeginning(text.replaceAll(formsOf(each), masked(each)), each), words);
}

/** Where a number is long enough to be one, its last digits are it already: with or without its country, and whatever stands between. */
function formsOf(each: string): RegExp {
  const digits = digitsOf(each);
  if (digits === null) return new RegExp(literal(each), "gi");
  const head = Array.from(digits.slice(0, -TAIL_DIGITS)).reduce((before, digit) => `(?:${before}${digit}${BETWEEN})?`, "");
  return new RegExp(`\\+?${head}${Array.from(digits.slice(-TAIL_DIGITS)).join(BETWEEN)}`, "g");
}

/** Answers are kept by their first words, and the last of those may be half a number. */
function withoutBeginning(text: string, each: string): string {
  const digits = digitsOf(each);
  for (const form of digits === null ? [each] : [each, digits, digits.slice(-LOCAL_DIGITS)])
    for (let length = form.length - 1; length >= BEGINNING_MIN; length -= 1)
      if (text.toLowerCase().endsWith(form.slice(0, length).toLowerCase())) return `${text.slice(0, -length)}${HIDDEN}`;
  return text;
}

const TAIL_DIGITS = 8;
/** As long as numbers are without their country. */
const LOCAL_DIGITS = 11;
const BEGINNING_MIN = 4;
const BETWEEN = "[\\s().-]{0,3}";
const digitsOf = (each: string): string | null => {
  const digits = each.replaceAll(/\D/g, "");
  return /^\+?[\d\s().-]+$/.test(each) && digits.length >= TAIL_DIGITS ? digits : null;
};
const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
