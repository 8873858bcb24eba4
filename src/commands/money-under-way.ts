/** What empties or closes a wallet waits until nothing is under way to it: a count that moves meanwhile would be nobody's. */
import { Fault } from "../kernel/faults.ts";
import type { Command } from "./command.ts";
import type { MeterBook } from "./command-store.ts";

/** `open`: the meter's open and disputed commands, as they stand in this transaction. */
export function noMoneyUnderWay({ address }: Pick<MeterBook, "address">, open: readonly Command[]): void {
  const money = open.filter(({ effect }) => effect === "adds").map(({ id, kind, state }) => ({ id, kind, state }));
  if (money.length > 0) throw new Fault("money-under-way", { meter: address, commands: money });
}
