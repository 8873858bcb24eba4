/** A reading wanted by a person, now. It changes nothing: the look is the whole command. */
import { hours } from "../../kernel/clock.ts";
import { Priority } from "../../devices/meter.ts";
import type { CommandDefinition } from "../definition.ts";

export const readNow: CommandDefinition = {
  kind: "read-now",
  title: { en: "Read the meter now", zh: "立即抄读" },
  effect: "reads",
  priority: Priority.person,
  notAfterMs: hours(1),
  attemptsMax: 1,
  look: async (session, command) => {
    const readings = await session.read(command.params["items"] as readonly string[], "command");
    return {
      choose: "already-so",
      proof: { items: readings.map(({ item, value, unit, takenAt, source }) => ({ item, value, unit, takenAt, source })) },
    };
  },
  send: () => Promise.reject(new Error("a reading sends nothing that changes the meter")),
  verify: () => Promise.reject(new Error("a reading ends with its look")),
};
