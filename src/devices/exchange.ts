/**
 * One request and its reply, or silence, as pure states. The line owns the timers and the wire; this page owns the meaning.
 *
 *     queued ──turn──► preparing ──prepared──► speaking ──reply──────────► answered
 *        │                 │                      │ ├─────reply deadline─► silent
 *        │ abort, closed   │ prevented,           │ └─────closed─────────► silent
 *        ▼                 ▼ abort, closed        │ refused by the transport
 *      unsent ◄────────────┴──────────────────────┘
 *
 * `unsent` and `silent` are far apart: nothing left, so do it again as you like; or bytes left, and the meter may have obeyed. An
 * abort counts only until the first byte. A late reply belongs to no one.
 */
import type { Frame, Reply } from "../protocols/dlt645/index.ts";

export type ExchangeState =
  | { readonly at: "queued" }
  | { readonly at: "preparing" }
  | { readonly at: "speaking" }
  | { readonly at: "answered"; readonly reply: Reply; readonly frame: Frame }
  | { readonly at: "silent"; readonly why: string; readonly lineClosed: boolean }
  | { readonly at: "unsent"; readonly cause: unknown };

export type ExchangeEvent =
  | { readonly type: "turn" }
  | { readonly type: "prepared" }
  /** The deadline has passed, or the last look before the first byte threw. */
  | { readonly type: "prevented"; readonly cause: unknown }
  | { readonly type: "refused"; readonly cause: unknown }
  | { readonly type: "abort"; readonly cause: unknown }
  | { readonly type: "closed"; readonly cause: Error }
  | { readonly type: "reply"; readonly reply: Reply; readonly frame: Frame }
  | { readonly type: "reply-deadline" };

export type ExchangeEffect = "none" | "prepare" | "send" | "done";

const stay = (state: ExchangeState): [ExchangeState, ExchangeEffect] => [state, "none"];
const unsent = (cause: unknown): [ExchangeState, ExchangeEffect] => [{ at: "unsent", cause }, "done"];

export function exchange(state: ExchangeState, event: ExchangeEvent): [ExchangeState, ExchangeEffect] {
  switch (state.at) {
    case "queued":
      if (event.type === "turn") return [{ at: "preparing" }, "prepare"];
      return event.type === "abort" || event.type === "closed" ? unsent(event.cause) : stay(state);
    case "preparing":
      if (event.type === "prepared") return [{ at: "speaking" }, "send"];
      if (event.type === "prevented" || event.type === "abort" || event.type === "closed") return unsent(event.cause);
      return stay(state);
    case "speaking":
      if (event.type === "reply") {
        return event.reply.is === "not-ours" ? stay(state) : [{ at: "answered", reply: event.reply, frame: event.frame }, "done"];
      }
      if (event.type === "refused") return unsent(event.cause);
      if (event.type === "closed")
        return [{ at: "silent", why: `the line closed: ${event.cause.message}`, lineClosed: true }, "done"];
      return event.type === "reply-deadline"
        ? [{ at: "silent", why: "no reply before the deadline", lineClosed: false }, "done"]
        : stay(state);
    case "answered":
    case "silent":
    case "unsent":
      return stay(state);
  }
}
