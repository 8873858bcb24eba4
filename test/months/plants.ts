/** Mistakes that are planted on purpose, in wrappings around stores: a month that does not notice these would notice nothing. */
import { Fen } from "../../src/kernel/money.ts";
import type { StoresInMemory } from "../../src/stores/in-memory/stores.ts";

export type Plant = (stores: StoresInMemory) => StoresInMemory;

/** A day that has ended costs a fen more than it should; the ledger is not told. */
const aFenTooMuch: Plant = (stores) => {
  const { billing } = stores;
  const saveDay: typeof billing.saveDay = (tx, day) =>
    billing.saveDay(tx, day.endBy === null ? day : { ...day, cost: Fen(day.cost + 1n) });
  return { ...stores, billing: instead(billing, { saveDay }) };
};

/** Remembers nothing of any meter, so that nothing can be doubted by it. */
const deafGate: Plant = (stores) => ({
  ...stores,
  validation: instead(stores.validation, { believed: () => Promise.resolve(null) }),
});

export const plants = {
  nothing: (stores) => stores,
  "a-fen-too-much": aFenTooMuch,
  "deaf-gate": deafGate,
} as const satisfies Record<string, Plant>;
export type PlantName = keyof typeof plants;

/** The same object, but for these; methods are called on the object itself, since it has private parts. */
export function instead<T extends object>(of: T, others: Partial<T>): T {
  return new Proxy(of, {
    get: (target, name) => {
      if (Object.hasOwn(others, name)) return Reflect.get(others, name) as unknown;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
