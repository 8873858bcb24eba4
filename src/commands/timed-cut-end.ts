/**
 * A supply that a person has cut for a time belongs to that person until it is back: the rules neither restore it early nor count it
 * as cut for want of money. Nobody orders its end, so it is noticed here: the relay is seen restored, or free for the button, and the
 * last order that moved it was a timed cut. From then on the rules decide as for any other meter.
 */
import type { MeterAddress } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { RelayPicture } from "../devices/meter.ts";
import type { CommandStore, MeterStore } from "./command-store.ts";
import { rivalsOf } from "./rivals.ts";

export async function noteEndOfTimedCut(
  parts: { readonly commands: Pick<CommandStore, "lastEnded">; readonly meters: Pick<MeterStore, "meter" | "setCutBy"> },
  tx: Transaction,
  meter: MeterAddress,
  picture: RelayPicture,
): Promise<void> {
  if (picture.order !== "connect") return;
  const book = await parts.meters.meter(tx, meter);
  if (book?.cutBy !== "person") return;
  const last = await parts.commands.lastEnded(tx, meter, rivalsOf("disconnect-for"));
  if (last?.kind === "disconnect-for") await parts.meters.setCutBy(tx, meter, null);
}
