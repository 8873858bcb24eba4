/** What `notices:` and its kin in a site file mean to the house, and what is wrong with them that one value alone cannot tell. */
import { isAbsolute, resolve } from "node:path";
import type { AccountId } from "../kernel/ids.ts";
import { Secret } from "../kernel/secret.ts";
import { seconds } from "../kernel/clock.ts";
import type { Strategies } from "../policy/strategies.ts";
import type { NoticeChannel } from "./channel.ts";
import { fileChannel } from "./channels/file.ts";
import { smtpChannel } from "./channels/smtp.ts";
import { talkMsMax } from "./channels/smtp-talk.ts";
import { webhookChannel } from "./channels/webhook.ts";
import type { ContactBook } from "./contacts.ts";
import type { GivenNotices } from "./site.ts";
import { complaintsAboutTemplates, type GivenTemplates, type Language } from "./templates.ts";
import type { Wording } from "./wording.ts";

type GivenChannel = GivenNotices["channels"][number];

export type ChannelConfig =
  | (Extract<GivenChannel, { kind: "file" }> & { readonly path: string })
  | (Omit<Extract<GivenChannel, { kind: "webhook" }>, "secret"> & { readonly secret: Secret<string> })
  | (Omit<Extract<GivenChannel, { kind: "smtp" }>, "secret"> & { readonly secret: Secret<string> | null });

export interface NoticesConfig {
  readonly language: Language;
  readonly channels: readonly ChannelConfig[];
  readonly wording: Wording;
  readonly contacts: ContactBook;
}

export interface GivenCustomer {
  readonly account: string;
  readonly contact?: string | undefined;
  readonly email?: string | undefined;
  readonly language?: Language | undefined;
}

export interface ReadParts {
  readonly site: { readonly name: string; readonly timeZone: string };
  readonly given: GivenNotices;
  readonly accounts: readonly GivenCustomer[];
  readonly classes: Readonly<Record<string, { readonly notices?: GivenTemplates | undefined }>>;
  /** What relative paths begin at: the folder of the site file. */
  readonly base: string;
  readonly secret: (path: string, reference: string) => Secret<string>;
  readonly complain: (path: string, what: string) => void;
  readonly warn: (what: string) => void;
}

const SECRET_LETTERS_MIN = 16;
const LOOPBACK = /^(localhost|\[::1\]|127(\.\d+){3})$/;

export function noticesConfigOf({ site, given, accounts, classes, base, secret, complain, warn }: ReadParts): NoticesConfig {
  const ofClass = new Map(
    Object.entries(classes).flatMap(([name, { notices }]) => (notices === undefined ? [] : [[name, notices]])),
  );
  for (const { path, what } of complaintsAboutTemplates("notices.templates", given.templates)) complain(path, what);
  for (const [name, templates] of ofClass)
    for (const { path, what } of complaintsAboutTemplates(`classes.${name}.notices`, templates)) complain(path, what);
  const first = new Map<string, number>();
  const channels = given.channels.map((channel, index): ChannelConfig => {
    const at = `notices.channels[${index}]`;
    const before = first.get(channel.name);
    if (before === undefined) first.set(channel.name, index);
    else complain(`${at}.name`, `"${channel.name}" stands already at notices.channels[${before}]`);
    switch (channel.kind) {
      case "file":
        return { ...channel, path: isAbsolute(channel.path) ? channel.path : resolve(base, channel.path) };
      case "webhook": {
        const { protocol, username, password, hostname } = new URL(channel.url);
        if (`${username}${password}` !== "") complain(`${at}.url`, "without name and password; the secret is named by secret");
        if (protocol === "http:" && !LOOPBACK.test(hostname))
          warn(`${at}.url: customers' numbers leave this machine unencrypted; use https where others share the way`);
        const key = secret(`${at}.secret`, channel.secret);
        const letters = key.open().length;
        if (letters > 0 && letters < SECRET_LETTERS_MIN)
          complain(`${at}.secret`, `at least ${SECRET_LETTERS_MIN} letters, drawn by chance`);
        return { ...channel, secret: key };
      }
      case "smtp":
        if ((channel.user === undefined) !== (channel.secret === undefined))
          complain(at, "user and secret go together: both, or neither");
        if (channel.tls === "none" && channel.user !== undefined && !LOOPBACK.test(channel.host))
          complain(`${at}.tls`, "a password is not sent in the clear to another machine; use starttls or tls");
        return { ...channel, secret: channel.secret === undefined ? null : secret(`${at}.secret`, channel.secret) };
    }
  });
  return {
    language: given.language,
    channels,
    wording: { site: site.name, timeZone: site.timeZone, pay: given.pay, templates: given.templates, ofClass },
    contacts: new Map(accounts.map(({ account, ...said }) => [account as AccountId, customerOf(said)])),
  };
}

const customerOf = ({ contact, email, language }: Omit<GivenCustomer, "account">) => ({
  contact: {
    ...(contact === undefined ? {} : { phone: new Secret(contact) }),
    ...(email === undefined ? {} : { email: new Secret(email) }),
  },
  ...(language === undefined ? {} : { language }),
});

/** Whoever may not be cut untold has to be told by something: said where it was required, and only there. */
export function complaintsAboutSilence(
  strategies: Strategies,
  accounts: readonly { readonly account: string; readonly class: string }[],
): readonly { readonly path: string; readonly what: string }[] {
  const classOf = new Map(accounts.map(({ account, class: name }) => [account, name]));
  return strategies
    .scopes((account) => classOf.get(account) ?? "residential")
    .flatMap(({ scope, resolved }) => {
      const { value, from } = resolved.origins.find(({ rule }) => rule === "notices")!;
      if (value !== "required" || from !== scope) return [];
      const [kind, name] = scope.split(" ");
      const index = accounts.findIndex(({ account }) => account === name);
      const path = kind === "site" ? "policy" : kind === "class" ? `classes.${name}.policy` : `accounts[${index}].policy`;
      return [{ path: `${path}.notices`, what: "required, and nothing can deliver one: name a channel in notices.channels" }];
    });
}

export function openChannel(channel: ChannelConfig, { site, timeZone }: Wording): NoticeChannel {
  switch (channel.kind) {
    case "file":
      return fileChannel({ name: channel.name, path: channel.path, site, timeZone });
    case "webhook":
      return webhookChannel({ name: channel.name, url: channel.url, secret: channel.secret, site, timeZone });
    case "smtp": {
      const { name, host, port, tls, from, user, secret, timeoutSeconds } = channel;
      const auth = user === undefined || secret === null ? null : { user, secret };
      return smtpChannel({ name, host, port, tls, from, auth, timeoutMs: seconds(timeoutSeconds), site });
    }
  }
}

/** How long a channel is given for one: longer than it takes to give up by itself, since what it says afterwards nobody hears. */
export function patienceMs(channel: ChannelConfig): number {
  switch (channel.kind) {
    case "file":
      return FILE_MS_MAX;
    case "webhook":
      return seconds(channel.timeoutSeconds);
    case "smtp":
      return talkMsMax(seconds(channel.timeoutSeconds)) + GIVING_UP_MS;
  }
}
const FILE_MS_MAX = seconds(10);
const GIVING_UP_MS = seconds(5);
