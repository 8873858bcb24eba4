/**
 * Cuts whose bytes left: each is examined once, by the strategy of then, and its meter is read again an hour and a day later. Energy that
 * went on behind an open relay means welded contacts or a bridge, and is an item for the field, whoever ordered the cut.
 */
import { later, minutes, type Clock, type Instant } from "../kernel/clock.ts";
import { kwh } from "../kernel/energy.ts";
import type { CommandId, MeterAddress } from "../kernel/ids.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import type { Transactor } from "../kernel/transaction.ts";
import type { Command } from "../commands/command.ts";
import type { MeterStore } from "../commands/command-store.ts";
import { registerIn } from "../commands/register-beside.ts";
import { keyOf, nobody } from "../exceptions/item.ts";
import type { Exceptions } from "../exceptions/exceptions.ts";
import type { NoCutsInForce } from "../policy/no-cuts-in-force.ts";
import type { PolicyStore } from "../policy/policy-store.ts";
import { keptStrategy, type Strategy } from "../policy/strategy.ts";
import type { Cause } from "./causes.ts";
import { SLACK_MS, watchStep, wrongAbout } from "./detect.ts";
import type { RecoveryStore, WatchedCut } from "./recovery-store.ts";
import type { RecoverySettings } from "./settings.ts";

const AT_ONCE_MAX = 500;
/** A house that was down looks so far back; what is older was examined or never will be. */
const LOOK_BACK_MS = minutes(7 * 24 * 60);
const NOTICES_LOOKED_AT = 20;
/** A meter is hurried once in so long; its line has others. */
const READ_AGAIN_MS = minutes(5);

export interface CutWatchParts {
  readonly store: RecoveryStore;
  readonly notices: Pick<PolicyStore, "noticesOf">;
  readonly noCuts: Pick<NoCutsInForce, "pastOf">;
  readonly meters: Pick<MeterStore, "account">;
  readonly exceptions: Pick<Exceptions, "raise">;
  readonly transactor: Transactor;
  readonly clock: Clock;
  readonly log: Logger;
  readonly timeZone: string;
  readonly settings: RecoverySettings;
  readonly readSoon: (meter: MeterAddress) => void;
  readonly isOurs: (meter: MeterAddress) => boolean;
}

export class CutWatch {
  readonly #parts: CutWatchParts;
  readonly #strategies = new Map<string, Strategy | null>();
  readonly #hurriedAt = new Map<MeterAddress, Instant>();
  /** Whom the last look reached: the next begins behind, so that many who never answer do not hide those after them. */
  #reached: CommandId | null = null;

  constructor(parts: CutWatchParts) {
    this.#parts = parts;
  }

  /** Every cut that is new here, with what is wrong about it. */
  async examine(found: (cut: Command, wrong: readonly Cause[]) => Promise<void>): Promise<void> {
    const { store, clock, log } = this.#parts;
    for (const cut of await store.unwatchedCuts(later(clock.now(), -LOOK_BACK_MS), AT_ONCE_MAX)) {
      try {
        await this.#examine(cut, found);
      } catch (error) {
        // one that cannot be judged holds up no other; it is examined again
        log.error({ meter: cut.meter, command: cut.id, reason: reasonOf(error) }, "a cut could not be examined");
      }
    }
  }

  async #examine(cut: Command, found: (cut: Command, wrong: readonly Cause[]) => Promise<void>): Promise<void> {
    const { store, transactor } = this.#parts;
    const byRule = cut.askedBy === "rule";
    const wrong = byRule ? await this.#wrongAbout(cut) : [];
    // said before the watch is noted: whoever dies in between examines it again, and an incident is there once
    if (wrong.length > 0) await found(cut, wrong);
    const { id: command, meter, account, sentAt, verifiedAt, createdAt } = cut;
    const row: WatchedCut = {
      ...{ command, meter, account, byRule, cutAt: verifiedAt ?? sentAt ?? createdAt, marks: [], endedAt: null, because: null },
      register: registerIn(cut.receipt)?.kwh ?? null,
    };
    await transactor.transact((tx) => store.watchCut(tx, row));
  }

  /** Reads behind open relays, an hour and a day after. */
  async lookBehind(): Promise<void> {
    const { store, clock, transactor, settings } = this.#parts;
    const watched = await store.watchedCuts(AT_ONCE_MAX, this.#reached);
    this.#reached = watched.length < AT_ONCE_MAX ? null : watched.at(-1)!.command;
    for (const seen of watched) {
      const point = await store.point(null, seen.meter);
      if (point === null) {
        // it hangs here no more; a meter that a site file left out by mistake is back by then
        const gone = { endedAt: clock.now(), because: "gone" } as const;
        if (clock.now() - seen.cutAt > LOOK_BACK_MS)
          await transactor.transact((tx) => store.changeWatched(tx, seen.command, gone));
        continue;
      }
      const step = watchStep(seen, point, clock.now(), settings.readAgainMs);
      if (step.step === "wait") continue;
      if (step.step === "read") this.#hurry(seen.meter);
      else
        await transactor.transact(async (tx) => {
          const cut = await store.lockWatched(tx, seen.command);
          if (cut === null) return;
          const again = watchStep(cut, point, clock.now(), settings.readAgainMs);
          if (again.step === "baseline") await store.changeWatched(tx, cut.command, { register: again.kwh });
          if (again.step === "end") await store.changeWatched(tx, cut.command, { endedAt: clock.now(), because: again.because });
          if (again.step !== "mark") return;
          const marks = [...cut.marks, again.mark];
          await store.changeWatched(tx, cut.command, {
            marks,
            ...(again.ends === null ? {} : { endedAt: clock.now(), because: again.ends }),
          });
          if (again.ends !== "energy-flows") return;
          const { command, meter, account, cutAt, register } = cut;
          const evidence = { command, cutAt, register, marks: marks.map(({ kwh: shown, at }) => ({ register: shown, at })) };
          await this.#parts.exceptions.raise(tx, {
            ...{ ...nobody, meter, account, command, key: keyOf.flows(meter), kind: "energy-while-disconnected" },
            ...{ because: `${kwh(again.advanced)} kWh`, evidence, suggestion: null },
          });
          this.#parts.log.warn({ meter, command, kWh: kwh(again.advanced) }, "energy goes on behind an open relay");
        });
    }
  }

  async #wrongAbout(cut: Command): Promise<readonly Cause[]> {
    const { store, notices, noCuts, meters } = this.#parts;
    const { sentAt, meter, account } = cut;
    if (sentAt === null) return [];
    const known = await store.strategyOf(cut.id);
    const strategy = known?.rules == null ? null : this.#strategy(known.version, known.rules);
    const told = strategy?.noticesRequired === true && cut.account !== null;
    const said = await noCuts.pastOf({ from: later(sentAt, -SLACK_MS), until: sentAt });
    const className = account === null ? null : ((await meters.account(null, account))?.class ?? null);
    return wrongAbout(cut, {
      ...{ strategy, notices: told ? await notices.noticesOf(cut.account, NOTICES_LOOKED_AT) : [] },
      saidAt: (at) => said(meter, className, at),
    });
  }

  #strategy(version: string, rules: readonly unknown[]): Strategy | null {
    let known = this.#strategies.get(version);
    if (known === undefined) this.#strategies.set(version, (known = keptStrategy(rules, this.#parts.timeZone)));
    return known;
  }

  #hurry(meter: MeterAddress): void {
    const { clock, readSoon, isOurs } = this.#parts;
    const last = this.#hurriedAt.get(meter);
    if (!isOurs(meter) || (last !== undefined && Math.abs(clock.now() - last) < READ_AGAIN_MS)) return;
    this.#hurriedAt.set(meter, clock.now());
    readSoon(meter);
  }
}
