/**
 * Doubt about books that came back from a backup: between that moment and now meters were credited, and orders carried out, that these
 * books know nothing of. So "unsent" is not believed on trust.
 *
 *     a purchase that was open then   its meter's count stands where the books knew it ─► never sent after all, it goes on
 *                                     the count has moved, or the meter counts nothing ─► disputed: a person decides, money stays held
 *     a refund that was open then     unsent: nothing tells                            ─► disputed
 *     an order that sets              may have been obeyed and taken back since        ─► ends; a person orders again, a rule wishes anew
 *     a purchase taken afterwards     the count has moved: it may be one of the lost, paid in once more
 *                                                                                      ─► waits until a person has explained the difference
 *
 * What had left before the backup looks first, as ever: its attempt says what the count was. A meter that was once found to agree is
 * believed again, and so is everything that waits for it.
 */
import type { CommandId, MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import type { MeterSession } from "../devices/meter.ts";
import { isUnsent, type Command } from "./command.ts";

/** Why such a command ended, or what it waits for. */
export const RESTORED = "restored";
/** The next credit cannot be judged while nobody knows what becomes of the one before. */
export const EARLIER = "earlier-top-up";
/** The meter's purchase records count in two bytes of BCD, and some readings are theirs. */
const COUNT_WRAPS_AT = 10_000;

export interface MeterDoubt {
  /** Null: the books had never seen one. */
  readonly count: number | null;
  /** Purchases that the meter proved since the books came back. */
  readonly settledSince: number;
  /** Another one is on the wire or disputed. */
  readonly moving: boolean;
  /** Ledger and meter were compared since, and agreed or were explained by a person. */
  readonly comparedSince: boolean;
}

export interface RestoredStore {
  /** Commands of then that are still open, and meters in doubt. */
  load(): Promise<{ readonly commands: readonly CommandId[]; readonly meters: readonly MeterAddress[] }>;
  /** Null: there is none any more. `command`: not counted among those under way. */
  doubt(meter: MeterAddress, command: CommandId): Promise<MeterDoubt | null>;
  isMoving(meter: MeterAddress, command: CommandId): Promise<boolean>;
  clear(meter: MeterAddress): Promise<void>;
  /** A person has not said yet that the books are caught up. */
  isOpen(): Promise<boolean>;
}

export type Suspicion = "none" | typeof EARLIER | "wait" | "dispute";

/** Pure: is the meter where the books would have it? */
export const countFits = ({ count, settledSince }: MeterDoubt, found: number): boolean =>
  ((count ?? 0) + settledSince) % COUNT_WRAPS_AT === found % COUNT_WRAPS_AT;

export class RestoredBooks {
  readonly #store: RestoredStore;
  readonly #log: Logger;
  readonly #commands: Set<CommandId>;
  readonly #meters: Set<MeterAddress>;
  #open: boolean;

  private constructor(
    store: RestoredStore,
    log: Logger,
    known: { readonly commands: readonly CommandId[]; readonly meters: readonly MeterAddress[]; readonly open: boolean },
  ) {
    this.#store = store;
    this.#log = log;
    this.#commands = new Set(known.commands);
    this.#meters = new Set(known.meters);
    this.#open = known.open;
  }

  /** Once, at the start: books are not exchanged under a gateway that runs. Where they never came back, nothing is asked afterwards. */
  static async look(store: RestoredStore, log: Logger): Promise<RestoredBooks> {
    return new RestoredBooks(store, log, { ...(await store.load()), open: await store.isOpen() });
  }

  get metersInDoubt(): ReadonlySet<MeterAddress> {
    return this.#meters;
  }

  /** It stood open in the backup. */
  isOfThen(command: Pick<Command, "id">): boolean {
    return this.#commands.has(command.id);
  }

  /** The books call it unsent, and it adds: no end may be given to it that releases money. */
  mayHaveBeenSent(command: Pick<Command, "id" | "effect" | "state">): boolean {
    return command.effect === "adds" && isUnsent(command.state) && this.isOfThen(command);
  }

  /** Looks at the meter where there is doubt. Before the first byte of an adding command. */
  async suspicion(session: MeterSession, command: Command): Promise<Suspicion> {
    const ofThen = this.isOfThen(command);
    if (command.kind === "refund") return ofThen ? "dispute" : "none";
    if (!ofThen && !this.#meters.has(command.meter)) return "none";
    const before = await this.#store.doubt(command.meter, command.id);
    if (before === null) return this.#believe(command);
    if (before.moving) return EARLIER;
    if (session.money.purchase === "purchase-count") {
      const { count } = await session.readWallet();
      const now = await this.#store.doubt(command.meter, command.id);
      if (now === null) return this.#believe(command);
      if (now.moving || now.settledSince !== before.settledSince) return EARLIER;
      if (countFits(now, count)) {
        await this.#store.clear(command.meter);
        this.#log.info(
          { meter: command.meter, count },
          "the meter stands where the restored books know it: it is believed again",
        );
        return this.#believe(command);
      }
      this.#log.warn(
        { command: command.id, meter: command.meter, count, known: now.count, since: now.settledSince },
        "the meter was credited after the moment to which the books were restored",
      );
    }
    if (ofThen) return "dispute";
    return before.comparedSince ? "none" : "wait";
  }

  /** Another credit of its meter is under way or disputed. */
  async isBehindAnother({ meter, id }: Command): Promise<boolean> {
    return this.#store.isMoving(meter, id);
  }

  /** While it holds, no rule cuts anybody: payments may be missing in these books. */
  async holdsRules(): Promise<boolean> {
    if (this.#open) this.#open = await this.#store.isOpen();
    return this.#open;
  }

  #believe({ id, meter }: Command): "none" {
    this.#meters.delete(meter);
    this.#commands.delete(id);
    return "none";
  }
}
