/**
 * Mistakes that are planted on purpose, each in a wrapping around a port and never in the house itself: a storm that cannot find these
 * would find nothing. Which invariant each must break is told in storms.test.ts.
 */
import type { LineGuard } from "../../src/devices/line-leases.ts";
import type { MeterSession, Sent, Street, Wallet } from "../../src/devices/meter.ts";
import { Fen } from "../../src/kernel/money.ts";
import type { Transactor } from "../../src/kernel/transaction.ts";
import type { StoresInMemory } from "../../src/stores/in-memory/stores.ts";

export type StormStores = StoresInMemory & { readonly transactor: Transactor };

export interface Plant {
  readonly stores?: (stores: StormStores) => StormStores;
  readonly street?: (street: Street) => Street;
  readonly guard?: (guard: LineGuard) => LineGuard;
}

/** Nobody spoke, so it was not obeyed: say it again at once. */
const sendAgainOnSilence: Plant = {
  street: (street) =>
    withSessions(street, (session) => ({
      topUp: async (purchase, options) => {
        const sent = await session.topUp(purchase, options);
        return sent.sent === "silent" ? session.topUp(purchase, { notAfter: options.notAfter }) : sent;
      },
    })),
};

/** Whoever took a command or a line once has it for ever: no number that is older keeps anybody out, neither in the rows nor at the line. */
const forgetTheFence: Plant = {
  stores: (stores) => {
    const { commands } = stores;
    const newest = async (id: Parameters<typeof commands.find>[1]): Promise<number> =>
      (await commands.find(null, id))?.fence ?? 0;
    const careless: Partial<typeof commands> = {
      change: async (tx, id, _fence, from, change) => commands.change(tx, id, await newest(id), from, change),
      beginAttempt: async (tx, id, _fence, attempt, rivals) => {
        const begun = await commands.beginAttempt(tx, id, await newest(id), attempt, rivals);
        return begun === "not-ours" ? "begun" : begun;
      },
    };
    return { ...stores, commands: instead(commands, careless) };
  },
  guard: (guard) => {
    const taken = new Set<string>();
    guard.onTaken((buses) => buses.forEach((bus) => taken.add(bus)));
    return instead(guard, {
      holds: (bus) => taken.has(bus) || guard.holds(bus),
      mayDrive: (bus, ms) => taken.has(bus) || guard.mayDrive(bus, ms),
      onLost: () => undefined,
      onGivingUp: () => undefined,
    });
  },
};

/** The meter said yes, so it was done: what it shows afterwards is not asked. */
const trustTheAcknowledgement: Plant = {
  street: (street) =>
    withSessions(street, (session) => {
      let seen: Wallet | undefined;
      let believed: Wallet | undefined;
      return {
        readWallet: async () => believed ?? (seen = await session.readWallet()),
        topUp: async (purchase, options) => {
          const sent: Sent = await session.topUp(purchase, options);
          if (sent.sent === "acknowledged" && seen !== undefined)
            believed = { ...seen, count: purchase.count, balance: Fen(seen.balance + purchase.amount), takenAt: sent.at };
          return sent;
        },
      };
    }),
};

/** Somebody has said that the weather is bad, and no gateway asks. */
const forgetTheWeather: Plant = {
  stores: (stores) => ({ ...stores, noCuts: instead(stores.noCuts, { open: () => Promise.resolve([]) }) }),
};

export const plants = {
  nothing: {},
  "send-again-on-silence": sendAgainOnSilence,
  "forget-the-fence": forgetTheFence,
  "trust-the-acknowledgement": trustTheAcknowledgement,
  "forget-the-weather": forgetTheWeather,
} as const satisfies Record<string, Plant>;
export type PlantName = keyof typeof plants;
export const isPlantName = (text: string): text is PlantName => Object.hasOwn(plants, text);

const withSessions = (street: Street, changed: (session: MeterSession) => Partial<MeterSession>): Street => ({
  ...street,
  session: async (address, options) => {
    const session = await street.session(address, options);
    return instead(session, changed(session));
  },
});

/** The same object, with some of what it does done otherwise. */
const instead = <T extends object>(whole: T, parts: Partial<T>): T =>
  new Proxy(whole, {
    get: (target, name) => {
      if (Object.hasOwn(parts, name)) return parts[name as keyof T];
      const own: unknown = Reflect.get(target, name, target);
      return typeof own === "function" ? (own.bind(target) as unknown) : own;
    },
  });
