/**
 * Locks of rows, as PostgreSQL's table of them has it: four strengths, held until the transaction ends, granted to who came first.
 *
 * No timers: a lock is waited for until it is free. Waiting in a ring is found at the moment the ring closes, and the youngest
 * transaction in it is refused; `transact` runs it again under its old age, so it is not the youngest for ever.
 */

/** `key-share`: the row must stay (a row elsewhere names it). `share`: it must not change. `no-key-update`: we change it. `update`: FOR UPDATE. */
export type LockMode = "key-share" | "share" | "no-key-update" | "update";

const strength: Record<LockMode, number> = { "key-share": 0, share: 1, "no-key-update": 2, update: 3 };
/** Two modes bear each other when their strengths add up to less than this: the conflict table of PostgreSQL's manual, in one number. */
const TOO_MUCH = 3;
const collide = (a: LockMode, b: LockMode): boolean => strength[a] + strength[b] >= TOO_MUCH;

export class DeadlockFound extends Error {
  constructor() {
    super("two transactions wait for each other's rows: the younger one gives way");
  }
}

/** Who holds and waits: a transaction. `born` rises; the one with the greatest is the youngest. */
export interface LockOwner {
  readonly born: number;
  readonly locks: Set<RowLock>;
  waiting: Wait | null;
  /** Why it may lock nothing any more, once it has ended. */
  over: Error | null;
}

interface Wait {
  readonly owner: LockOwner;
  readonly mode: LockMode;
  readonly lock: RowLock;
  readonly granted: () => void;
  readonly refused: (why: unknown) => void;
}

interface Held {
  readonly owner: LockOwner;
  readonly mode: LockMode;
}

/** Most rows are locked by nobody most of the time: they share this, and own no lists. */
const NOBODY: readonly never[] = [];

export class RowLock {
  #holders: readonly Held[] = NOBODY;
  #queue: readonly Wait[] = NOBODY;

  /** How strongly this one holds it, or null. */
  heldBy(owner: LockOwner): LockMode | null {
    for (const held of this.#holders) if (held.owner === owner) return held.mode;
    return null;
  }

  /** Nobody but this one holds or wants it. */
  isOnlyOf(owner: LockOwner): boolean {
    return this.#queue.length === 0 && this.#holders.every((held) => held.owner === owner);
  }

  /** Null when it was granted at once. */
  acquire(owner: LockOwner, mode: LockMode): Promise<void> | null {
    if (owner.over !== null) throw owner.over;
    const mine = this.heldBy(owner);
    if (mine !== null && strength[mine] >= strength[mode]) return null;
    // Who holds it already and wants more goes before those who hold nothing: behind them it would wait for itself.
    const inFront = mine === null ? this.#queue : NOBODY;
    if (this.#blockers(owner, mode, inFront).length === 0) {
      this.#grant(owner, mode);
      return null;
    }
    return new Promise((granted, refused) => {
      const wait: Wait = { owner, mode, lock: this, granted, refused };
      owner.waiting = wait;
      this.#queue = mine === null ? [...this.#queue, wait] : [wait, ...this.#queue];
      breakRings(owner);
    });
  }

  release(owner: LockOwner): void {
    owner.locks.delete(this);
    this.#holders = this.#holders.length === 1 ? NOBODY : this.#holders.filter((held) => held.owner !== owner);
    if (this.#queue.length > 0) this.#grantNext();
  }

  /** Stops waiting: with this reason the waiting call ends. */
  refuse(wait: Wait, why: unknown): void {
    this.#leave(wait);
    wait.refused(why);
    this.#grantNext();
  }

  blockersOf(wait: Wait): readonly LockOwner[] {
    return this.#blockers(wait.owner, wait.mode, this.#queue.slice(0, this.#queue.indexOf(wait)));
  }

  #blockers(owner: LockOwner, mode: LockMode, inFront: readonly Wait[]): readonly LockOwner[] {
    if (this.#holders.length === 0 && inFront.length === 0) return NOBODY;
    return [...this.#holders, ...inFront].flatMap((each) =>
      each.owner !== owner && collide(each.mode, mode) ? [each.owner] : [],
    );
  }

  #grant(owner: LockOwner, mode: LockMode): void {
    this.#holders = [...this.#holders.filter((held) => held.owner !== owner), { owner, mode }];
    owner.locks.add(this);
  }

  #leave(wait: Wait): void {
    this.#queue = this.#queue.filter((each) => each !== wait);
    wait.owner.waiting = null;
  }

  #grantNext(): void {
    for (const wait of this.#queue) {
      if (this.blockersOf(wait).length > 0) continue;
      this.#leave(wait);
      this.#grant(wait.owner, wait.mode);
      wait.granted();
    }
  }
}

/** Everything of an owner whose transaction is over; a wait that is left over, and whatever comes later, ends with this reason. */
export function releaseAll(owner: LockOwner, why: Error): void {
  owner.over = why;
  if (owner.waiting !== null) owner.waiting.lock.refuse(owner.waiting, why);
  for (const lock of [...owner.locks]) lock.release(owner);
}

function breakRings(start: LockOwner): void {
  for (let ring = ringThrough(start); ring !== null; ring = ringThrough(start)) {
    const victim = ring.reduce((youngest, each) => (each.born > youngest.born ? each : youngest));
    victim.waiting!.lock.refuse(victim.waiting!, new DeadlockFound());
  }
}

/** The owners of a ring of waits that leads back to this one, or null. */
function ringThrough(start: LockOwner): readonly LockOwner[] | null {
  const seen = new Set<LockOwner>();
  const walk = (owner: LockOwner, path: readonly LockOwner[]): readonly LockOwner[] | null => {
    if (owner.waiting === null) return null;
    for (const blocker of owner.waiting.lock.blockersOf(owner.waiting)) {
      if (blocker === start) return path;
      if (seen.has(blocker)) continue;
      seen.add(blocker);
      const ring = walk(blocker, [...path, blocker]);
      if (ring !== null) return ring;
    }
    return null;
  };
  return walk(start, [start]);
}
