/**
 * The named steps of a command's life, and how each is reached without a word about it in the gateway: by what is seen and held outside.
 *
 *     accepting ► accepted ► no-job ► job-adding ► not-taken ► taken ► looking ► looked ► writing ► written ► sent ► obeyed ►
 *     heard ► verifying ► shown ► settled
 *
 * A step says when it is reached, of each order by itself; a cell whose step was not reached proves nothing and is red. Where nothing
 * stands before the books (embedded), the steps between two words to the meter are reached by holding the first of its answers,
 * locking the row that comes next, and letting the answer go.
 */
import type { OrderKind } from "./orders.ts";
import type { Trap } from "./postgres-gate.ts";
import type { Books, QueueKind, Rig } from "./rig.ts";
import { lockRow, type LockedRow, type RowLock } from "./row-locks.ts";
import { withBooks } from "./books.ts";
import { until } from "./client.ts";
import type { Frame, WireTrap } from "./wire-gates.ts";

/** An order that is under way, as far as a step has to know it. */
export interface Placed {
  readonly kind: OrderKind;
  /** The one that its command goes to. */
  readonly meter: string;
  readonly account: string;
  /** The command's id, once the gateway has answered. */
  readonly command: string | null;
}

export interface Hold {
  isReached(): boolean | Promise<boolean>;
  /** Ends with the victim. */
  readonly lock?: RowLock;
}

export interface Step {
  readonly name: string;
  readonly tells: string;
  readonly in: (books: Books, queue: QueueKind) => boolean;
  hold(rig: Rig, order: Placed): Hold;
  /** Prepared when every order has reached the first hold; then what that one held is let go. */
  readonly next?: (rig: Rig, orders: readonly Placed[]) => Promise<readonly Hold[]>;
}

const always = (): boolean => true;
const named = (books: Books): boolean => books === "named";
const embedded = (books: Books): boolean => books === "embedded";

/** Of the statement and the place, for a command of this meter. */
function statement(said: RegExp, at: Trap["at"], also: readonly string[] = []): Step["hold"] {
  return (rig, { meter }) => {
    const gate = rig.postgres!;
    const known = new Set(gate.commandsOf(meter));
    const trap: Trap = {
      said,
      at,
      sprung: false,
      // what prepared the order has commands of its own, and they have ended
      about: (values) =>
        also.every((one) => values.includes(one)) &&
        values.some((value) => !known.has(value) && gate.commandsOf(meter).has(value)),
    };
    gate.arm(trap);
    return { isReached: () => trap.sprung };
  };
}

const frame = (hold: WireTrap["hold"], of: (order: Placed) => Omit<Frame, "meter">): Step["hold"] => {
  return (rig, order) => {
    const trap: WireTrap = { frame: { meter: order.meter, ...of(order) }, hold, asked: false, sprung: false };
    rig.broker.arm(trap);
    return { isReached: () => trap.sprung };
  };
};
const reading = { control: 0x11, item: null };
const looking = frame("reply", () => reading);
const obeyed = frame("reply", ({ kind }) => kind.frame);

const PUMP = /FROM outbox o/;
/** The pump is held where it asks what is to be handed out, so it asks when every order is in. */
const noJob: Step["hold"] = (rig, order) => {
  const gate = rig.postgres!;
  gate.arm({ said: PUMP, at: "before", sprung: false, about: always });
  return { isReached: () => gate.hasSprung(PUMP) && order.command !== null };
};

/** One call adds the jobs of all: while it is held none of them is there, and every slip still stands in the outbox. */
async function jobAdding(rig: Rig, orders: readonly Placed[]): Promise<readonly Hold[]> {
  const ids = orders.map(({ command }) => command!);
  let isHeld: () => boolean;
  if (rig.redis !== null) {
    const trap = { about: () => ids, sprung: false };
    rig.redis.arm(trap);
    isHeld = () => trap.sprung;
  } else {
    const trap: Trap = {
      said: /./,
      at: "before",
      sprung: false,
      about: (values, application) =>
        application.endsWith("queue") && ids.some((id) => values.some((value) => value.includes(id))),
    };
    rig.postgres!.arm(trap);
    isHeld = () => trap.sprung;
  }
  const books = await rig.books();
  const slipStands = (id: string): Promise<boolean> =>
    withBooks(books, async (db) => (await db.rows(null, "SELECT 1 FROM outbox WHERE command = $1", [id])).length > 0);
  return ids.map((id) => ({ isReached: async () => isHeld() && (await slipStands(id)) }));
}

const TOLD_MS_MAX = 10_000;

/** `isTold`: where the row is one of the command's own, its id has to be known first. */
const locking =
  (of: (order: Placed) => readonly [LockedRow, string], isTold = (_order: Placed): boolean => true): NonNullable<Step["next"]> =>
  async (rig, orders) => {
    const books = await rig.books();
    return Promise.all(
      orders.map(async (order) => {
        await until("the order to be told its command", TOLD_MS_MAX, () => isTold(order));
        const lock = await lockRow(books, ...of(order));
        return { isReached: async () => (await lock.waiting()) > 0, lock };
      }),
    );
  };

const CHANGE = /^UPDATE commands SET .*state = \$/;

export const steps: readonly Step[] = [
  {
    name: "accepting",
    tells: "the rows are written, the commit has not begun",
    in: named,
    hold: statement(/^INSERT INTO commands/, "committing"),
  },
  {
    name: "accepted",
    tells: "committed, and nobody has been told",
    in: named,
    hold: statement(/^INSERT INTO commands/, "committed"),
  },
  {
    name: "told",
    tells: "whoever ordered has his answer in this moment",
    in: embedded,
    hold: (_rig, order) => ({ isReached: () => order.command !== null }),
  },
  { name: "no-job", tells: "accepted and told, no job in the queue", in: named, hold: noJob },
  { name: "job-adding", tells: "its job is on the way to the queue's store", in: named, hold: noJob, next: jobAdding },
  {
    name: "not-taken",
    tells: "its job is taken up, the command is not",
    in: named,
    hold: statement(/^UPDATE commands c SET fence/, "before"),
  },
  {
    name: "taken",
    tells: "its fence has risen, the worker does not know it",
    in: named,
    hold: statement(/^UPDATE commands c SET fence/, "done"),
  },
  { name: "looking", tells: "the meter's answer to the first look is under way", in: always, hold: looking },
  {
    name: "looked",
    tells: "looked and chosen, no attempt is written",
    in: named,
    hold: statement(/INSERT INTO attempts/, "before"),
  },
  {
    name: "looked",
    tells: "looked and chosen, no attempt is written",
    in: embedded,
    hold: looking,
    next: locking(({ meter }) => ["meter", meter]),
  },
  {
    name: "writing",
    tells: "the attempt is written, the commit has not begun",
    in: named,
    hold: statement(/INSERT INTO attempts/, "committing"),
  },
  {
    name: "written",
    tells: "the attempt is committed, no byte has left",
    in: named,
    hold: statement(/INSERT INTO attempts/, "committed"),
  },
  {
    name: "sent",
    tells: "the last byte has left, the meter has heard none",
    in: always,
    hold: frame("request", ({ kind }) => kind.frame),
  },
  { name: "obeyed", tells: "the meter has obeyed, its reply is under way", in: always, hold: obeyed },
  {
    name: "heard",
    tells: "the reply is heard, not written",
    in: named,
    hold: statement(CHANGE, "committing", ["verifying"]),
  },
  {
    name: "heard",
    tells: "the reply is heard, not written",
    in: embedded,
    hold: obeyed,
    next: locking(
      ({ command }) => ["command", command!],
      ({ command }) => command !== null,
    ),
  },
  {
    name: "verifying",
    tells: "the reply is written, the meter has not been looked at",
    in: named,
    hold: statement(CHANGE, "committed", ["verifying"]),
  },
  {
    name: "shown",
    tells: "the meter shows it, nothing of it is settled",
    in: named,
    hold: statement(CHANGE, "committing", ["confirmed"]),
  },
  {
    name: "shown",
    tells: "the meter shows it, nothing of it is settled",
    in: embedded,
    hold: obeyed,
    next: locking(({ kind, meter, account }) => (kind.moves === "money" ? ["position", account] : ["meter", meter])),
  },
  {
    name: "settled",
    tells: "settled and committed, nothing is announced",
    in: named,
    hold: statement(CHANGE, "committed", ["confirmed"]),
  },
];
