/** What people ask of notices: to have one tried again after something was mended, and to see whether a channel works at all. */
import type { Clock } from "../kernel/clock.ts";
import { later, minutes } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import { Secret } from "../kernel/secret.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Sent } from "./channel.ts";
import { maskedContact, struckOut, type Contact, type ContactBook } from "./contacts.ts";
import type { OpenChannel } from "./courier.ts";
import { kindTable } from "./kinds.ts";
import type { NoticeId, NoticeRecord } from "./notice.ts";
import type { NoticeStore } from "./notice-store.ts";
import type { Language } from "./templates.ts";
import { momentFor, type Wording } from "./wording.ts";

export interface NoticeDeskParts {
  readonly store: NoticeStore;
  readonly channels: readonly OpenChannel[];
  readonly contacts: ContactBook;
  readonly wording: Wording;
  readonly language: Language;
  readonly clock: Clock;
  readonly newId: () => string;
}

const testWords: Readonly<Record<Language, (site: string, at: string) => { readonly subject: string; readonly text: string }>> = {
  zh: (site, at) => ({ subject: "测试消息", text: `${site}:这是${at}发出的测试消息,收到即表示通知渠道正常。` }),
  en: (site, at) => ({
    subject: "Test message",
    text: `${site}: a test message of ${at}. That you read it means that this channel works.`,
  }),
};

/** Somebody sits there and waits for it. */
const TEST_MS_MAX = minutes(1);

export class NoticeDesk {
  readonly #parts: NoticeDeskParts;

  constructor(parts: NoticeDeskParts) {
    this.#parts = parts;
  }

  /** How an account can be reached, with the middle left out. */
  reach(account: NoticeRecord["account"]): Readonly<Record<string, string>> {
    return maskedContact(this.#parts.contacts.get(account)?.contact ?? {});
  }

  /** One that failed begins its life anew; one that waits is tried now. Before it leaves it is looked at as ever: paid is paid. */
  async retry(tx: Transaction, id: NoticeId): Promise<NoticeRecord> {
    const { store, clock } = this.#parts;
    const notice = await store.lock(tx, id);
    if (notice === null) throw new Fault("unknown-notice", { notice: id });
    if (notice.state === "delivered" || notice.state === "cancelled")
      throw new Fault("notice-ended", { notice: id, state: notice.state, because: notice.because });
    const now = clock.now();
    const { lifeMs } = kindTable[notice.kind];
    const notAfter = lifeMs === 0 ? notice.notAfter : later(now, lifeMs);
    const change = { state: "waiting", because: null, nextAt: now, notAfter, triesFrom: now } as const;
    await store.change(tx, id, change);
    return { ...notice, ...change };
  }

  /** One message that is in no book. */
  async test(
    channelName: string,
    to: { readonly phone?: string | undefined; readonly email?: string | undefined },
  ): Promise<Sent> {
    const { channels, wording, clock, newId, language } = this.#parts;
    const open = channels.find(({ channel }) => channel.name === channelName);
    if (open === undefined)
      throw new Fault("unknown-notice-channel", { channel: channelName, allowed: channels.map(({ channel }) => channel.name) });
    const contact: Contact = {
      ...(to.phone === undefined ? {} : { phone: new Secret(to.phone) }),
      ...(to.email === undefined ? {} : { email: new Secret(to.email) }),
    };
    const missing = open.channel.missing(contact);
    if (missing !== null) return { outcome: "never", words: missing };
    const at = clock.now();
    const said = testWords[language](wording.site, momentFor(language, at, wording.timeZone));
    const [late, done] = [new AbortController(), new AbortController()];
    const tooLate = clock.wait(Math.min(open.patienceMs, TEST_MS_MAX), done.signal).then((): Sent => {
      late.abort();
      return { outcome: "later", words: "no answer in time" };
    });
    try {
      const about = { account: null, name: "", class: null, at, available: null, cutFrom: null } as const;
      const message = { ...said, ...about, language, id: newId(), kind: "test", contact } as const;
      const { outcome, words } = await Promise.race([open.channel.send(message, late.signal), tooLate]);
      return { outcome, words: struckOut(words, contact) };
    } finally {
      done.abort();
    }
  }
}
