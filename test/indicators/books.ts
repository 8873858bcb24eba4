/** Books that nobody has kept: random ones for the property, small ones for stories. They go into whichever store is asked. */
import fc from "fast-check";
import { uuidv7 } from "uuidv7";
import type { Attempt, Command, CommandKind, CommandState } from "../../src/commands/command.ts";
import type { Payment } from "../../src/commands/command-store.ts";
import { hours, Instant, later, minutes } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress, PaymentId } from "../../src/kernel/ids.ts";
import { Fen } from "../../src/kernel/money.ts";
import type { MeterRecord } from "../../src/devices/meter.ts";
import type { KeptDecision, Standing } from "../../src/policy/policy-store.ts";
import type { Stage } from "../../src/policy/rules.ts";
import { aCommand } from "../support/a-command.ts";
import type { Kept } from "../conformance/stores.ts";

export const ZONE = "Asia/Shanghai";
export const FIRST = Instant(Date.parse("2026-11-20T00:00:00+08:00"));
export const DAYS = 3;
export const METERS = ["202611220001", "202611220002", "202611220003", "202611220004"].map((text) => MeterAddress(text));
export const accountAt = (n: number): AccountId => AccountId(`account-${n}`);

/** Two classes, two lines, two models; the last meter serves nobody. */
export const records: readonly MeterRecord[] = METERS.map((address, n) => ({
  ...{
    address,
    meterNumber: "",
    customerNumber: "",
    relayPassword: null,
    model: n === 1 ? ("remote-ledger" as const) : ("standard-wallet" as const),
  },
  account: n === METERS.length - 1 ? null : accountAt(n),
  bus: BusId(n === 2 ? "line-2" : "line-1"),
}));
export const accounts = METERS.slice(1).map((_, n) => ({
  ...{ account: accountAt(n), name: "", class: n === 2 ? "shop" : "residential", mode: "remote" as const, tariff: "flat" },
}));

export interface SomeBooks {
  readonly midnights: readonly { readonly meter: MeterAddress; readonly day: string; readonly at: Instant }[];
  readonly commands: readonly { readonly command: Command; readonly attempts: readonly Attempt[] }[];
  readonly payments: readonly Payment[];
  readonly decisions: readonly KeptDecision[];
  readonly quarantined: readonly MeterAddress[];
  readonly clocks: readonly { readonly meter: MeterAddress; readonly at: Instant; readonly aheadMs: number }[];
}

const when = fc.integer({ min: -hours(6), max: hours(24 * DAYS + 6) }).map((ms) => later(FIRST, ms));
const soon = fc.oneof(
  fc.integer({ min: 0, max: minutes(1) }),
  fc.integer({ min: 0, max: minutes(20) }),
  fc.integer({ min: 0, max: hours(30) }),
);
const one = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const who = fc.integer({ min: 0, max: 2 });

const kinds = one<CommandKind>(
  "disconnect",
  "reconnect",
  "arm",
  "disconnect-for",
  "reconnect",
  "disconnect",
  "top-up",
  "warn",
  "read-now",
);
const states = one<CommandState>(
  "confirmed",
  "confirmed",
  "confirmed",
  "unanswered",
  "sending",
  "refused",
  "cancelled",
  "disputed",
  "queued",
);

const command = fc
  .record({
    ...{ n: who, kind: kinds, state: states, at: when, sent: soon, ended: soon },
    askedBy: one<Command["askedBy"]>("rule", "person", "payment"),
    because: one<string | null>(null, null, null, "superseded", "person", "silence"),
    outcomes: fc.array(one("refused: mac-refused", "refused: security-suspended", "answered", "refused: password-refused"), {
      maxLength: 3,
    }),
  })
  .map(({ n, kind, at, sent, ended, state, askedBy, because, outcomes }) => {
    const effect = kind === "top-up" ? "adds" : kind === "read-now" ? "reads" : "sets";
    const isSent = state !== "cancelled" && state !== "queued";
    const sentAt = isSent ? later(at, sent) : null;
    const isOver = state !== "queued" && state !== "sending";
    const endedAt = isOver ? later(sentAt ?? at, ended) : null;
    return {
      command: aCommand({
        ...{ meter: METERS[n]!, account: accountAt(n), kind, effect, createdAt: at, state, because, askedBy },
        ...{ sentAt, endedAt, verifiedAt: state === "confirmed" ? endedAt : null, params: {} },
      }),
      attempts: isSent
        ? outcomes.map((outcome, k) => ({ number: k + 1, fence: 1, at: later(sentAt!, k), before: {}, outcome, frames: [] }))
        : [],
    };
  });

const aPayment = (n: number, at: Instant): Payment => ({
  ...{ id: PaymentId(uuidv7()), account: accountAt(n), amount: Fen(100n), channel: "bank", orderId: uuidv7() },
  ...{ state: "allocated", command: null, refund: null, createdAt: at },
});
const payment = fc.record({ n: who, at: when }).map(({ n, at }) => aPayment(n, at));

interface Decided {
  readonly n: number;
  readonly at: Instant;
  readonly stage: Stage;
  readonly because: string;
}
const aDecision = ({ n, at, stage, because }: Decided): KeptDecision => ({
  ...{ meter: METERS[n]!, account: accountAt(n), at, stage, want: "as-is", because, blocks: [], nextAt: null },
  ...{ strategy: "v1", shadow: false, facts: { cutBelow: "0.00" }, command: null },
});
const decision = fc
  .record({
    ...{ n: who, at: when, stage: one<Stage>("fine", "warn-1", "warn-2", "forecast", "cut-due", "cut", "restore") },
    because: one("in-credit", "cut-contradicted", "meter-quarantined"),
  })
  .map(aDecision);

/** Warned, cut, paid, restored: as it goes when it goes well. */
const story = fc
  .record({
    n: who,
    cutAt: when,
    warnedBefore: soon,
    paidAfter: soon,
    restoreTakes: soon,
    askedBy: one<"rule" | "person">("rule", "rule", "person"),
  })
  .map(({ n, cutAt, warnedBefore, paidAfter, restoreTakes, askedBy }) => {
    const [meter, account] = [METERS[n]!, accountAt(n)];
    const order = (kind: "disconnect" | "reconnect", from: Instant, until: Instant) => ({
      attempts: [],
      command: aCommand({
        ...{ meter, account, kind, effect: "sets", params: {}, askedBy, state: "confirmed", createdAt: from },
        ...{ sentAt: from, verifiedAt: until, endedAt: until },
      }),
    });
    const paidAt = later(cutAt, paidAfter + 1);
    const warnedAt = later(cutAt, -warnedBefore);
    return {
      commands: [order("disconnect", later(cutAt, -500), cutAt), order("reconnect", paidAt, later(paidAt, restoreTakes))],
      payment: aPayment(n, paidAt),
      warning: aDecision({ n, at: warnedAt, stage: "warn-1", because: "in-credit" }),
    };
  });

const clock = fc
  .record({ n: fc.integer({ min: 0, max: 3 }), at: when, aheadMs: fc.integer({ min: -400_000, max: 40_000 }) })
  .map(({ n, at, aheadMs }) => ({ meter: METERS[n]!, at, aheadMs }));

const midnight = fc
  .record({ n: fc.integer({ min: 0, max: 3 }), day: one("2026-11-20", "2026-11-21", "2026-11-22"), at: when })
  .map(({ n, day, at }) => ({ meter: METERS[n]!, day, at }));

/** One top-up of a meter may be on its way at a time, and no moment of a clock is kept twice. */
export const someBooks: fc.Arbitrary<SomeBooks> = fc
  .record({
    midnights: fc.array(midnight, { maxLength: 14 }),
    orders: fc.array(command, { maxLength: 20 }),
    payments: fc.array(payment, { maxLength: 8 }),
    decisions: fc.array(decision, { maxLength: 8 }),
    stories: fc.array(story, { maxLength: 4 }),
    clocks: fc.uniqueArray(clock, { maxLength: 10, selector: ({ meter, at }) => `${meter} ${at}` }),
    quarantined: fc.subarray([...METERS], { maxLength: 1 }),
  })
  .map(({ orders, payments, decisions, stories, ...rest }) => ({
    ...rest,
    commands: [...onlyOneOnTheWire(orders), ...stories.flatMap(({ commands }) => commands)],
    payments: [...payments, ...stories.map((each) => each.payment)],
    decisions: [...decisions, ...stories.map(({ warning }) => warning)].sort((a, b) => a.at - b.at),
  }));

const onlyOneOnTheWire = <T extends { readonly command: Command }>(all: readonly T[]): readonly T[] =>
  all.filter(
    (each, n) =>
      !isOnTheWire(each.command) ||
      all.findIndex((other) => isOnTheWire(other.command) && other.command.meter === each.command.meter) === n,
  );

const isOnTheWire = ({ effect, state }: Command): boolean => effect === "adds" && (state === "sending" || state === "disputed");

const STANDING: Standing = {
  stage: "fine",
  want: "connected",
  because: "in-credit",
  strategy: "v1",
  since: FIRST,
  arrearsSince: null,
};

/** In the order in which a house would have written them. */
export async function keep(kept: Kept, books: SomeBooks): Promise<void> {
  await kept.collection.open({ today: "2026-11-19", missingTo: "2026-01-01", oldest: "2026-01-01" });
  await kept.collection.open({ today: "2026-11-22", missingTo: "2026-11-21", oldest: "2026-01-01" });
  for (const { meter, day, at } of books.midnights)
    await kept.collection.collect(meter, day, { how: "freeze", takenAt: FIRST, at });
  // what is on its way comes last: nothing else that adds could leave after it
  const inTurn = [...books.commands].sort((a, b) => Number(isOnTheWire(a.command)) - Number(isOnTheWire(b.command)));
  for (const { command: one_, attempts } of inTurn) {
    const open = { ...one_, state: "queued", sentAt: null, endedAt: null, verifiedAt: null, because: null } as const;
    await kept.transactor.transact((tx) => kept.commands.insert(tx, open));
    for (const attempt of attempts) {
      const begun = await kept.transactor.transact((tx) => kept.commands.beginAttempt(tx, open.id, 0, attempt, []));
      if (begun !== "begun") throw new Error(`an attempt of ${open.kind} did not begin: ${begun}`);
      await kept.commands.endAttempt(null, open.id, 0, attempt.number, attempt.outcome, []);
      await kept.commands.change(null, open.id, 0, ["sending"], { state: "verifying" });
    }
    await kept.commands.change(null, open.id, 0, ["queued", "verifying"], {
      ...{ state: one_.state, because: one_.because },
      ...(one_.sentAt === null ? {} : { sentAt: one_.sentAt }),
      ...(one_.endedAt === null ? {} : { endedAt: one_.endedAt, lookAt: null }),
      ...(one_.verifiedAt === null ? {} : { verifiedAt: one_.verifiedAt }),
    });
  }
  for (const meter of books.quarantined) await kept.meters.setIdentity(null, meter, "quarantined", "another customer's", FIRST);
  for (const each of books.payments) await kept.transactor.transact((tx) => kept.payments.insert(tx, each));
  for (const each of books.decisions) await kept.transactor.transact((tx) => kept.policy.keepDecision(tx, each, STANDING));
  for (const { meter, at, aheadMs } of books.clocks)
    await kept.transactor.transact((tx) => kept.looks.keepClock(tx, meter, "2026-11-20", { at, aheadMs, verdict: "right" }));
}
