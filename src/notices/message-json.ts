/** A message as programs are given it, in files and webhooks. Pure. Fields may come; those that are here stay. */
import { iso } from "../kernel/clock.ts";
import { yuan } from "../kernel/money.ts";
import type { Message } from "./channel.ts";

export interface Sender {
  readonly site: string;
  readonly timeZone: string;
}

export const messageJson = (message: Message, { site, timeZone }: Sender): Readonly<Record<string, unknown>> => ({
  id: message.id,
  site,
  kind: message.kind,
  account: message.account,
  name: message.name,
  class: message.class,
  at: iso(message.at, timeZone),
  language: message.language,
  subject: message.subject,
  text: message.text,
  balance: message.available === null ? null : yuan(message.available),
  cutFrom: message.cutFrom === null ? null : iso(message.cutFrom, timeZone),
  contact: { phone: message.contact.phone?.open() ?? null, email: message.contact.email?.open() ?? null },
});
