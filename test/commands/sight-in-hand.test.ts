/** A relay that was seen stands in the books once its transaction is committed, and not before. */
import { expect, test } from "vitest";
import { SightInHand } from "../../src/commands/sight-in-hand.ts";
import type { RelayPicture } from "../../src/devices/meter.ts";
import type { Transaction } from "../../src/kernel/transaction.ts";

const tx = {} as Transaction;
const cut = { relay: "disconnected", order: "disconnect" } as RelayPicture;
const back = { relay: "connected", order: "connect" } as RelayPicture;

function inHand(runs = 1) {
  const kept: RelayPicture[] = [];
  let transactions = 0;
  const transactor = {
    transact: async <T>(work: (on: Transaction) => Promise<T>): Promise<T> => {
      transactions += 1;
      for (let run = 1; run < runs; run += 1) {
        await work(tx);
        kept.length = 0; // undone, and run again
      }
      return work(tx);
    },
  };
  const sight = new SightInHand(transactor, (_tx, picture) => Promise.resolve(void kept.push(picture)));
  return { sight, kept, transactions: () => transactions };
}

test("what was seen is kept in its order, in one transaction of its own, and only once", async () => {
  const { sight, kept, transactions } = inHand();
  await sight.settle();
  expect(transactions()).toBe(0);
  sight.see(cut);
  sight.see(back);
  await sight.settle();
  await sight.settle();
  expect(kept).toEqual([cut, back]);
  expect(transactions()).toBe(1);
});

test("a transaction that is run again keeps it again", async () => {
  const { sight, kept } = inHand(3);
  sight.see(cut);
  await sight.settle();
  expect(kept).toEqual([cut]);
});

test("where the transaction that took it along comes to nothing, it is still in hand", async () => {
  const { sight, kept, transactions } = inHand();
  sight.see(cut);
  await sight.write(tx);
  kept.length = 0; // undone
  await sight.settle();
  expect(kept).toEqual([cut]);
  expect(transactions()).toBe(1);
});
