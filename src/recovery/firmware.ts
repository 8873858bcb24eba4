/** Which software and hardware a meter says it carries (04800001, 04800002), for whoever learns from failures. Many keep neither: then null. */
import { isFault } from "../kernel/faults.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import { Priority, type Street } from "../devices/meter.ts";

const ITEMS = ["softwareVersion", "hardwareVersion"] as const;

/** Null as well once `signal` is given: half an answer says nothing, and a house that closes waits for no line. */
export async function firmwareOf(
  street: Pick<Street, "session" | "isOurs">,
  meter: MeterAddress,
  signal?: AbortSignal,
): Promise<string | null> {
  if (street.isOurs?.(meter) === false) return null;
  const told: string[] = [];
  for (const item of ITEMS) {
    try {
      const session = await street.session(meter, { priority: Priority.rest, ...(signal === undefined ? {} : { signal }) });
      try {
        const [reading] = await session.read([item], "command");
        const text = reading?.value?.trim() ?? "";
        if (text !== "") told.push(text);
      } finally {
        await session.close();
      }
    } catch (error) {
      if (signal?.aborted === true) return null;
      if (!isFault(error)) throw error;
      if (error.code === "meter-silent" || error.code === "line-down") return null; // the other would be asked in vain, too
    }
  }
  return told.length === 0 ? null : told.join(" / ");
}
