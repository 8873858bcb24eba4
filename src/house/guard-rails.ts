/** Joins the guard rails of the automatic cut to the house: the gate, what persons say to it, the lists they approve, and the dry run. */
import { answeredMs, ANSWER_MS_DEFAULT } from "../devices/airtime.ts";
import { timingOf } from "../devices/timing.ts";
import type { Street } from "../devices/meter.ts";
import type { CommandService } from "../commands/command-service.ts";
import type { Instant } from "../kernel/clock.ts";
import { later } from "../kernel/clock.ts";
import type { AccountId, CommandId, MeterAddress } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import { BatchTurns } from "../policy/batch-turns.ts";
import type { CutAlarms } from "../policy/cut-alarms.ts";
import type { SiteFigures } from "../policy/guard-rails.ts";
import { BatchDesk } from "../policy/cut-batches.ts";
import { CutGate, DECLINED_MS, listsOf } from "../policy/cut-gate.ts";
import { CutPreview } from "../policy/cut-preview.ts";
import { withoutRails, type GuardRails } from "../policy/guard-settings.ts";
import type { CutBatch } from "../policy/guard-store.ts";
import { HaltDesk } from "../policy/halts.ts";
import type { NoCutsInForce } from "../policy/no-cuts-in-force.ts";
import type { Strategies } from "../policy/strategies.ts";
import type { EngineBooks, HouseSite, HouseStores } from "./ports.ts";

/** Both numbers, word 3, what was used, the order, word 3 and the power again: what a cut that goes well says on its line. */
const CUT_EXCHANGES = 8;
const CUT_BYTES = { sent: 20, received: 24 };

export interface CutRooms {
  readonly rails: GuardRails;
  readonly gate: CutGate;
  readonly lists: BatchTurns;
  readonly halts: HaltDesk;
  readonly batches: BatchDesk;
  readonly preview: CutPreview;
  /** Whoever brings payments in has none just now. */
  readonly noteImport: (tx: Transaction, channel: string, by: string) => Promise<Instant>;
  /** What stands and what was counted, for figures and readiness. */
  readonly counts: () => Promise<SiteFigures & { readonly waiting: number }>;
  /** Of a meter that the rules would cut: what of the whole site holds it back. */
  readonly heldBy: (meter: MeterAddress) => Promise<readonly string[]>;
  /** The approved list by which this command was asked for. */
  readonly listOf: (command: CommandId) => Promise<CutBatch | null>;
}

export function guardRailsOf(parts: {
  readonly config: Pick<HouseSite, "guardRails" | "buses">;
  readonly books: EngineBooks;
  readonly stores: Pick<HouseStores, "guards" | "policy">;
  readonly service: () => CommandService;
  readonly strategies: Strategies;
  readonly noCuts: NoCutsInForce;
  readonly street: Street;
  readonly holdsCuts: () => Promise<boolean>;
  readonly alarms: CutAlarms | undefined;
}): CutRooms {
  const { config, books, stores, strategies, street, holdsCuts } = parts;
  const rails = config.guardRails ?? withoutRails;
  const { clock, meters } = books;
  const store = stores.guards;
  const service: Pick<CommandService, "cancelUnsentCuts"> = {
    cancelUnsentCuts: (...wish) => parts.service().cancelUnsentCuts(...wish),
  };
  const lineOf = (meter: MeterAddress): string => street.meter(meter)?.bus ?? "";
  const common = {
    ...{ ...books, store, rails, service, strategies, lineOf, policy: stores.policy },
    ...(parts.alarms === undefined ? {} : { alarms: parts.alarms }),
  };
  const gate = new CutGate({
    ...common,
    isProtectedClass: (account, className) => strategies.of(account as AccountId, className).strategy.isProtected,
    classOf: async (tx, account) => (await meters.account(tx, account))?.class ?? null,
    saidOf: (tx, meter, classOf) => parts.noCuts.holding(tx, meter, classOf),
  });
  const msOf = new Map(
    config.buses.map((bus): readonly [string, number] => {
      const { kind } = bus.transport;
      return [bus.id, CUT_EXCHANGES * answeredMs(timingOf(bus), CUT_BYTES, ANSWER_MS_DEFAULT[kind])];
    }),
  );
  return {
    ...{ rails, gate },
    lists: new BatchTurns({ ...common, gate }),
    halts: new HaltDesk(common),
    batches: new BatchDesk(common),
    preview: new CutPreview({ ...common, gate, holdsCuts, cutMs: (meter) => msOf.get(lineOf(meter)) ?? 0 }),
    noteImport: async (tx, channel, by) => {
      const now = clock.now();
      await store.noteImport(tx, channel, now, by);
      return now;
    },
    counts: async () => {
      const live = await store.liveBatches(null);
      return { ...(await gate.figures(null)), waiting: live.filter(({ state }) => state === "proposed").length };
    },
    listOf: (command) => store.batchOf(null, command),
    heldBy: async (meter) => {
      const { stop, brake } = await gate.figures(null);
      const list = listsOf(await store.listed(null, later(clock.now(), -DECLINED_MS), [meter])).get(meter);
      return [
        ...(stop ? ["emergency-stop"] : []),
        ...(brake ? ["brake"] : []),
        ...(list === undefined ? [] : [list === "approved" ? "batch" : "approval"]),
      ];
    },
  };
}
