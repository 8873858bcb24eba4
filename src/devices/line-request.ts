/** What is asked of a line, and what it answers. */
import type { Instant } from "../kernel/clock.ts";
import type { Choices, Frame, Reply } from "../protocols/dlt645/index.ts";
import type { Urgency } from "./exchange-queue.ts";

export interface LineRequest {
  readonly frame: Frame;
  /** In whose light the reply is read: what the meter's model does otherwise than the standard. */
  readonly choices?: Choices;
  /** Wake-up bytes before it. */
  readonly preamble: number;
  readonly priority: Urgency;
  /** False: nobody answers it (a broadcast). The line waits for the bytes to leave, and their silence is held against nobody. */
  readonly expectsReply?: false;
  /** The whole reply, where the asker knows its length: a dead meter then costs its line less. */
  readonly replyBytes?: number;
  readonly notAfter?: Instant;
  readonly beforeFirstByte?: () => Promise<void>;
  /** Removes the request while no byte has left; afterwards it is ignored. */
  readonly signal?: AbortSignal;
  /** Every whole frame of this exchange, as evidence. Passwords are not masked here. */
  readonly onFrame?: (direction: "sent" | "received", bytes: Uint8Array, at: Instant) => void;
}

export type LineAnswer =
  | { readonly outcome: "answered"; readonly reply: Reply; readonly sentAt: Instant; readonly at: Instant }
  /** `lineClosed`: the line went away under the exchange, so the silence says nothing about the meter. */
  | { readonly outcome: "silent"; readonly why: string; readonly lineClosed: boolean; readonly sentAt: Instant }
  /** It was said, and nobody answers such a thing. */
  | { readonly outcome: "said"; readonly sentAt: Instant };

/** Where the numbers on the dashboard come from. */
export interface LineCounts {
  exchanges: number;
  silences: number;
  busyMs: number;
  /** Exchanges and the rests after them: time in which nobody else could have spoken. */
  occupiedMs: number;
  /** Of these, waited for answers that did not come. */
  silentMs: number;
  /** Replies that came when nobody waited for one. */
  late: number;
  /** Replies that came in the middle of an exchange and answer another question. */
  strays: number;
  /** Of our own requests, byte for byte: the adapter hears itself. */
  echoes: number;
  /** Requests that we did not send: another master. */
  foreignRequests: number;
  noiseBytes: number;
}

export const noCounts = (): LineCounts => ({
  exchanges: 0,
  silences: 0,
  busyMs: 0,
  occupiedMs: 0,
  silentMs: 0,
  late: 0,
  strays: 0,
  echoes: 0,
  foreignRequests: 0,
  noiseBytes: 0,
});
