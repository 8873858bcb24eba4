/** Amounts and counts of function 03, as the meter's purse keeps them: binary, or BCD in one export variant. */
import type { Fen } from "../../../kernel/money.ts";
import type { Choices } from "../choices.ts";
import { bcdFen, binaryCount, binaryFen, count } from "../formats/formats.ts";
import { of } from "./slots.ts";

export function purseSlots({ purseNumbers }: Choices) {
  const bcd = purseNumbers === "bcd";
  return {
    amount: { ...of<Fen>(bcd ? bcdFen : binaryFen), pattern: bcd ? "BCD fen" : "binary fen" },
    purchaseCount: { ...of<number>(bcd ? count(4) : binaryCount), pattern: bcd ? "BCD count" : "binary count" },
  };
}
