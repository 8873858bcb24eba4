/** Follows a command until it has ended, one line per change, by asking again: an operator on a bad line needs no stream. */
import { systemClock } from "../kernel/clock.ts";
import type { ApiClient, Json } from "./api-client.ts";
import { Exit } from "./exits.ts";

const ASK_EVERY_MS = 300;
const ended = new Set(["confirmed", "refused", "expired", "cancelled", "unanswered", "disputed"]);

export const lineOf = (command: Json): string => {
  const text = (name: string): string => (typeof command[name] === "string" ? command[name] : "");
  const why = [
    text("waitingFor") === "" ? "" : `waiting for ${text("waitingFor")}`,
    text("because") === "" ? "" : `because ${text("because")}`,
  ].filter((part) => part !== "");
  return `${text("id")}  ${text("kind")}  ${text("meter")}  ${text("state")}${why.length === 0 ? "" : `  (${why.join(", ")})`}`;
};

/** Exit code: 0 when it was confirmed, 1 when it ended otherwise. */
export async function watch(
  api: ApiClient,
  id: string,
  say: (line: string) => void,
): Promise<{ readonly command: Json; readonly code: number }> {
  let last = "";
  for (;;) {
    const command = await api.get(`/v1/commands/${id}`);
    const line = lineOf(command);
    if (line !== last) say(line);
    last = line;
    if (ended.has(command["state"] as string))
      return { command, code: command["state"] === "confirmed" ? Exit.done : Exit.failed };
    await systemClock.wait(ASK_EVERY_MS);
  }
}
