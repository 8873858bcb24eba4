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

/** What a server said, without the customer's number or address in it. */
export function struckOut(words: string, { phone, email }: Contact): string {
  const personal = [phone?.open(), email?.open()].filter((each) => each !== undefined && each !== "") as string[];
  return personal.reduce((text, each) => text.replaceAll(new RegExp(literal(each), "gi"), masked(each)), words);
}

const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
