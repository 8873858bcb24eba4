/** Follows a command until it has ended, one line per change, by asking again: an operator on a bad line needs no stream. */
import { seconds, systemClock } from "../kernel/clock.ts";
import type { ApiClient, Json } from "./api-client.ts";
import { Exit, Failed, NoConnection } from "./exits.ts";

const ASK_EVERY_MS = 300;
/** A gateway that is away for so long is given up; the command goes on, and the error says so. */
const AWAY_MS_MAX = seconds(60);
const ended = new Set(["confirmed", "refused", "expired", "cancelled", "unanswered", "disputed"]);

export const lineOf = (command: Json): string => {
  const text = (name: string): string => (typeof command[name] === "string" ? command[name] : "");
  const why = [
    text("waitingFor") === "" ? "" : `waiting for ${text("waitingFor")}`,
    text("because") === "" ? "" : `because ${text("because")}`,
  ].filter((part) => part !== "");
  return `${text("id")}  ${text("kind")}  ${text("meter")}  ${text("state")}${why.length === 0 ? "" : `  (${why.join(", ")})`}`;
};

/**
 * Exit code: 0 when it was confirmed, 1 when it ended otherwise. A gateway that is restarted meanwhile is waited for: that nobody can tell how
 * a command ended is no failure of the command.
 */
export async function watch(
  api: ApiClient,
  id: string,
  say: (line: string) => void,
): Promise<{ readonly command: Json; readonly code: number }> {
  let last = "";
  let awaySince: number | null = null;
  for (;;) {
    let command: Json;
    try {
      command = await api.get(`/v1/commands/${id}`);
      awaySince = null;
    } catch (error) {
      if (!(error instanceof NoConnection || (error instanceof Failed && error.mayPass))) throw error;
      awaySince ??= systemClock.now();
      if (systemClock.now() - awaySince > AWAY_MS_MAX)
        throw new NoConnection(
          `${error.message} How command ${id} ends was not seen: it goes on, and "meterctl command ${id}" shows it.`,
        );
      await systemClock.wait(ASK_EVERY_MS);
      continue;
    }
    const line = lineOf(command);
    if (line !== last) say(line);
    last = line;
    if (ended.has(command["state"] as string))
      return { command, code: command["state"] === "confirmed" ? Exit.done : Exit.failed };
    await systemClock.wait(ASK_EVERY_MS);
  }
}
