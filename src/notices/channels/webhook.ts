/**
 * Notices by HTTP to a program of the site's: one POST of JSON each.
 *
 *     x-fee-control-id          the notice's id, the same for each try
 *     x-fee-control-timestamp   seconds since 1970, when this try was made
 *     x-fee-control-signature   sha256=HEX, HMAC-SHA-256 with the shared secret over TIMESTAMP.BODY
 *
 * 2xx is delivered. What the receiver says about this notice is for good (4xx); what it says about itself or about now is not (408, 425, 429,
 * 5xx, silence). Nobody is followed elsewhere: a secret and a telephone number go to the address of the site file, or nowhere.
 */
import { createHmac } from "node:crypto";
import { reasonOf } from "../../kernel/faults.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { Message, NoticeChannel, Sent } from "../channel.ts";
import { messageJson, type Sender } from "../message-json.ts";

const NOT_NOW: ReadonlySet<number> = new Set([408, 425, 429]);
const WORDS_MAX = 200;

export interface WebhookParts extends Sender {
  readonly name: string;
  readonly url: string;
  readonly secret: Secret<string>;
}

export const signatureOf = (secret: Secret<string>, timestamp: string, body: string): string =>
  `sha256=${createHmac("sha256", secret.open()).update(`${timestamp}.${body}`).digest("hex")}`;

export function webhookChannel({ name, url, secret, ...sender }: WebhookParts): NoticeChannel {
  const send = async (message: Message, signal: AbortSignal): Promise<Sent> => {
    const body = JSON.stringify(messageJson(message, sender));
    const timestamp = String(Math.floor(message.at / 1_000));
    try {
      const answer = await fetch(url, {
        method: "POST",
        redirect: "manual",
        signal,
        body,
        headers: {
          "content-type": "application/json; charset=utf-8",
          "x-fee-control-id": message.id,
          "x-fee-control-timestamp": timestamp,
          "x-fee-control-signature": signatureOf(secret, timestamp, body),
        },
      });
      const { status } = answer;
      if (status >= 200 && status < 300) {
        await answer.body?.cancel().catch(() => undefined); // taken, whatever it says of it, and whether or not it comes to an end
        return { outcome: "delivered", words: `HTTP ${status}` };
      }
      const said = await firstWords(answer).catch(() => ""); // the number alone says what becomes of it
      const words = `HTTP ${status}${said === "" ? "" : `: ${said}`}`;
      if (status >= 300 && status < 400) return { outcome: "never", words: `HTTP ${status}: nobody is followed elsewhere` };
      return { outcome: status < 500 && !NOT_NOW.has(status) ? "never" : "later", words };
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      return { outcome: "later", words: signal.aborted ? "no answer in time" : `no answer: ${reasonOf(cause)}` };
    }
  };
  return { name, kind: "webhook", missing: () => null, send, close: () => Promise.resolve() };
}

/** Enough to see what the receiver complains of; the rest is not waited for. */
async function firstWords(answer: Response): Promise<string> {
  const reader = answer.body?.getReader();
  if (reader === undefined) return "";
  const { value } = await reader.read();
  await reader.cancel();
  return Buffer.from((value as Uint8Array | undefined) ?? [])
    .toString("utf8")
    .replaceAll(/\s+/g, " ")
    .slice(0, WORDS_MAX)
    .trim();
}
