/**
 * Notices by mail. Delivered means that the server took it for this one recipient: what happens to it afterwards nobody is told.
 *
 * A recipient or a text that is refused for good (5xx to RCPT TO or DATA) is refused for good; a server that does not let us in, does not
 * know us or cannot be reached may think better of it. So may one that said nothing of a mail it was handed: it may have taken it, which nobody
 * knows, and no cut rests on it. The message id is the notice's, so a second copy can be told from a second mail.
 */
import MailComposer from "nodemailer/lib/mail-composer";
import { reasonOf } from "../../kernel/faults.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { Message, NoticeChannel, Sent } from "../channel.ts";
import { talk, type TalkParts } from "./smtp-talk.ts";

export interface SmtpParts {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** `starttls`: nothing is said before it; `tls` from the first byte; `none`: for a server on this machine. */
  readonly tls: "starttls" | "tls" | "none";
  readonly from: string;
  readonly auth: { readonly user: string; readonly secret: Secret<string> } | null;
  /** For each answer of the server; what it says of a mail that it was handed takes as long as it takes (smtp-talk.ts). */
  readonly timeoutMs: number;
  readonly site: string;
}

const ABOUT_THIS_ONE: ReadonlySet<string> = new Set(["RCPT TO", "DATA"]);
const FOR_GOOD = 500;

export function smtpChannel({ name, host, port, tls, from, auth, timeoutMs, site }: SmtpParts): NoticeChannel {
  const parts: TalkParts = {
    server: { host, port, secure: tls === "tls", requireTLS: tls === "starttls", ignoreTLS: tls === "none" },
    auth: auth === null ? null : { user: auth.user, pass: auth.secret.open() },
    answerMs: timeoutMs,
  };
  const send = async ({ id, subject, text, contact }: Message, signal: AbortSignal): Promise<Sent> => {
    const address = contact.email?.open();
    if (address === undefined) return { outcome: "never", words: "no e-mail address" };
    try {
      const mail = new MailComposer({
        ...{ from, to: { name: "", address }, subject, text, messageId: `<${id}@${site}.fee-control>` },
        // what is sent is text of ours; nothing in it may make the library open a file or an address
        ...{ disableFileAccess: true, disableUrlAccess: true },
      }).compile();
      const words = await talk(parts, { envelope: mail.getEnvelope(), bytes: await mail.build() }, signal);
      return { outcome: "delivered", words };
    } catch (error) {
      const { command, responseCode, response } = error as { command?: string; responseCode?: number; response?: string };
      const isForGood = (responseCode ?? 0) >= FOR_GOOD && ABOUT_THIS_ONE.has(command ?? "");
      return { outcome: isForGood ? "never" : "later", words: response ?? reasonOf(error) };
    }
  };
  return {
    name,
    kind: "smtp",
    missing: ({ email }) => (email === undefined ? "no e-mail address" : null),
    send,
    close: () => Promise.resolve(),
  };
}
