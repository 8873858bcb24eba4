/** Items of exceptions without a database, as far as raising, handing over and closing them needs one: for journeys on virtual time. */
import type { ExceptionStore } from "../../src/exceptions/exception-store.ts";
import { Exceptions } from "../../src/exceptions/exceptions.ts";
import type { ExceptionId, ExceptionItem, ExceptionStep } from "../../src/exceptions/item.ts";
import type { EngineBooks } from "../../src/house/ports.ts";

type Kept = Pick<ExceptionStore, "lockOpen" | "lock" | "insert" | "change" | "addStep">;

export class ItemsInMemory implements Kept {
  readonly items = new Map<ExceptionId, ExceptionItem>();
  readonly log: (ExceptionStep & { readonly item: ExceptionId })[] = [];

  lockOpen: Kept["lockOpen"] = (_tx, key) =>
    Promise.resolve([...this.items.values()].find((item) => item.key === key && item.closedAt === null) ?? null);

  lock: Kept["lock"] = (_tx, id) => Promise.resolve(this.items.get(id) ?? null);

  insert: Kept["insert"] = (_tx, item) => Promise.resolve(this.items.set(item.id, item).has(item.id));

  change: Kept["change"] = (_tx, id, change) => {
    this.items.set(id, { ...this.items.get(id)!, ...change });
    return Promise.resolve();
  };

  addStep: Kept["addStep"] = (_tx, item, step) => Promise.resolve(void this.log.push({ ...step, item }));

  get open(): readonly ExceptionItem[] {
    return [...this.items.values()].filter(({ closedAt }) => closedAt === null);
  }
}

export const exceptionsOn = (store: ItemsInMemory, books: EngineBooks): Exceptions =>
  new Exceptions({ ...books, store: store as unknown as ExceptionStore });
