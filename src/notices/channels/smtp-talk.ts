/**
 * One mail over a connection of its own, and how far it came.
 *
 *     connect ─► log in ─► sender, recipient, DATA ─► the mail ─► the answer to it
 *     └───── each: ANSWERS_IN_STEP × answerMs ───┘    └────── FINAL_ANSWER_MS ───┘
 *
 * Whoever gives up before the server wants the mail cuts the line, and nothing was taken. From its first byte on nobody knows but the server,
 * and it may think for long (content filters): whoever hangs up on it then has it take the mail, and sends it again.
 */
import { Readable } from "node:stream";
import SMTPConnection, { type SMTPConnectionOptions } from "nodemailer/lib/smtp-connection";
import { minutes, systemClock } from "../../kernel/clock.ts";

/** RFC 5321, 4.5.3.2.6: the answer to the end of a mail. */
const FINAL_ANSWER_MS = minutes(10);
/** Connecting is the greeting and a hello before and after STARTTLS; logging in, and the envelope, are up to three each. */
const ANSWERS_IN_STEP = 3;
const STEPS = 3;

/** All of it together: whoever waits for a mail gives it so long. */
export const talkMsMax = (answerMs: number): number => STEPS * ANSWERS_IN_STEP * answerMs + FINAL_ANSWER_MS;

/** Handed over, and no word of what became of it. */
export class Unanswered extends Error {}

export interface TalkParts {
  readonly server: Pick<SMTPConnectionOptions, "host" | "port" | "secure" | "requireTLS" | "ignoreTLS">;
  readonly auth: { readonly user: string; readonly pass: string } | null;
  /** How long each answer of the server may take, but for the last. */
  readonly answerMs: number;
}

export interface Mail {
  readonly envelope: { readonly from: string | false; readonly to: readonly string[] };
  readonly bytes: Uint8Array;
}

type Done<T> = (error?: Error | null, value?: T) => void;

/** Answers what the server said when it took it; else throws, `Unanswered` where it may have. */
export async function talk({ server, auth, answerMs }: TalkParts, mail: Mail, signal: AbortSignal): Promise<string> {
  const smtp = new SMTPConnection({
    ...server,
    ...{ connectionTimeout: answerMs, greetingTimeout: answerMs, dnsTimeout: answerMs },
    // silence within a step is the step's to end; given up is cut off, not said goodbye to
    ...{ socketTimeout: talkMsMax(answerMs), socketCloseTimeout: 0 },
  });
  let isHandedOver = false as boolean;
  let limit = new AbortController();
  let giveUp: (error: Error) => void = () => undefined;
  const tooLate = (): void => giveUp(new Error("no answer in time"));
  const within = (ms: number): void => {
    limit.abort();
    limit = new AbortController();
    const mine = limit.signal;
    // the library's own limits are by the world's clock too
    void systemClock.wait(ms, mine).then(() => {
      if (!mine.aborted) tooLate();
    });
  };
  const step = <T>(begin: (done: Done<T>) => void): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      giveUp = reject;
      within(ANSWERS_IN_STEP * answerMs);
      begin((error, value) => (error instanceof Error ? reject(error) : resolve(value as T)));
    });
  const wanted = new Readable({
    read() {
      isHandedOver = true; // nobody reads it before the server has said that it wants it
      within(FINAL_ANSWER_MS);
      this.push(mail.bytes);
      this.push(null);
    },
  });
  smtp.on("error", (error: Error) => giveUp(error));
  signal.addEventListener("abort", tooLate);
  try {
    signal.throwIfAborted();
    await step((done) => smtp.connect(done));
    if (auth !== null && smtp.allowsAuth) await step((done) => smtp.login(auth, done));
    const { from, to } = mail.envelope;
    return (await step<{ response: string }>((done) => smtp.send({ from, to: [...to] }, wanted, done))).response;
  } catch (error) {
    const isAnswered = (error as { responseCode?: number }).responseCode !== undefined;
    if (!isHandedOver || isAnswered) throw error;
    throw new Unanswered("the whole mail was handed over, and nothing was said of it: it may have been taken", { cause: error });
  } finally {
    limit.abort();
    signal.removeEventListener("abort", tooLate);
    smtp.close();
  }
}
