/**
 * The engine of the house: joins commands, rules, lines and queue on whatever it is given to stand on. Nothing here decides anything, and
 * nothing here knows a database, a queue's product or a wire by name; so the same engine runs on PostgreSQL behind a door, and on
 * memory and virtual time in a simulation.
 *
 *     doors ─► services ─► rows, outbox ─► pump ─► queue ─► desk ─► runner ─► lines
 *                 ▲                         │ announcements
 *               rules ◄─────────────────────┘            sweeper: the net beneath
 *
 * Built first and started afterwards, because doors and figures are made of what is built.
 */
import { CommandRunner } from "../commands/command-runner.ts";
import { CommandService } from "../commands/command-service.ts";
import { moneyAtEndOf } from "../commands/ends-with-money.ts";
import { IdentityWatch } from "../commands/identity-watch.ts";
import { PaymentService } from "../commands/payment-service.ts";
import { cuts } from "../commands/rivals.ts";
import { RefundService } from "../commands/refund-service.ts";
import { ReplacementService } from "../commands/replacement/replacement-service.ts";
import { eachMeterAlone } from "../devices/bus-config.ts";
import { HotMeters } from "../devices/hot-meters.ts";
import { lineNameOf } from "../devices/line-names.ts";
import type { BusPicture, MeterRecord } from "../devices/meter.ts";
import { linesToPlan, PollPlanner, type BusShares } from "../devices/poll-planner.ts";
import { Poller } from "../devices/poller.ts";
import { ReadingIntake } from "../devices/reading-intake.ts";
import { isFault } from "../kernel/faults.ts";
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import { Billing } from "../ledger/billing.ts";
import { Ledger } from "../ledger/ledger.ts";
import type { RatesWatch } from "../ledger/resettling.ts";
import { MeteredUse } from "../policy/metered-use.ts";
import { strategiesOf } from "../policy/policy-config.ts";
import { Reconciler } from "../policy/reconciler.ts";
import { Sweeper } from "../queue/sweeper.ts";
import { nudging, OutboxPump } from "../stores/outbox-pump.ts";
import { isWait } from "../validation/doubts.ts";
import { dailyExchanges } from "../collection/airtime.ts";
import { collectingOf } from "./collecting.ts";
import { guardRailsOf } from "./guard-rails.ts";
import { heatFrom, metersByAccount } from "./heat.ts";
import { Jobs } from "./jobs.ts";
import { noCutsOf } from "./no-cuts.ts";
import { comingAndGoing, Replacing } from "./replacing.ts";
import type { Engine, EngineBooks, EngineKeepers, EngineParts, EngineRules, HouseSite } from "./ports.ts";
import { registersBeforeCut, sightingsIn, walletReadings } from "./sightings.ts";
import { asksOf, noteStrategies, restorePace } from "./strategies.ts";
import { onceADay, walletRoom } from "./wallet-room.ts";
import { balanceReadings, takesTokens } from "./vendor-meters.ts";
import { entriesOf, gateOf } from "./validation.ts";
import { Waking } from "./waking.ts";

/** Whether any is due is asked, and roughly how many. */
const DUE_LOOKED_AT_MAX = 500;

/** Announcements after which the rules look again. */
const ruleWakers = new Set(["account", "meter"]);

export function buildEngine<K extends EngineKeepers>(parts: EngineParts<K>): Engine<K> {
  const { config, stores, street, leases, queue, lanes, clock, worldClock, newId, log, live, closers, lookEveryMs } = parts;
  const { commands, meters, outbox, replacements } = stores;
  const timeZone = config.site.timeZone;
  const pace = lookEveryMs === undefined ? {} : { everyMs: lookEveryMs };
  const transactor = nudging(stores.transactor, () => pump);
  const ledger = new Ledger({ store: stores.ledger, clock });
  const rates: RatesWatch = {
    missing: async (tx, of) => keepers.rates?.missing(tx, of),
    found: async (tx, of) => keepers.rates?.found(tx, of),
  };
  const billing = new Billing({ store: stores.billing, ledger, timeZone, tariffs: config.tariffs, rates });
  const energy = new MeteredUse({ billing, meters, outbox, clock, timeZone });
  const moneyAtEnd = moneyAtEndOf({
    ...{ clock, commands, ledger, outbox, modes: meters },
    billing: { takeIn: (tx, readings) => intake.takeIn(tx, readings) },
  });
  const books: EngineBooks = {
    ...{ clock, log, newId, transactor, commands, payments: stores.payments, meters, ledger, outbox, moneyAtEnd },
  };
  const keepers = parts.keepers(books);
  const common = { ...books, ...(keepers.outcomes === undefined ? {} : { outcomes: keepers.outcomes }) };

  // --- what is seen
  const { relayClosed } = keepers;
  const sightings = sightingsIn({ ...common, ...(relayClosed === undefined ? {} : { relayClosed }) });
  const identities = new IdentityWatch({
    ...{ ...common, street },
    ...(keepers.addresses === undefined ? {} : { addresses: keepers.addresses }),
  });
  const gate = gateOf(parts);
  const intake = new ReadingIntake({
    store: stores.readings,
    transactor,
    outbox,
    gate,
    energy,
    log,
    suspects: {
      suspect: async (tx, reading, doubt, before) => {
        identities.doubt(reading.meter); // another meter at its place says what cannot be
        await keepers.suspects?.suspect(tx, reading, doubt, before);
      },
      once: (meter) => {
        identities.doubt(meter);
        poller.hurry(meter);
      },
    },
  });
  const hot = new HotMeters(clock);
  const planner = new PollPlanner({
    lines: linesToPlan(config.buses, config.meters),
    tiers: config.polling,
    clock,
    log,
    health: (meter) => street.health(meter),
    answers: (meter) => street.answers?.(meter),
    isHot: (meter) => hot.heat(meter) !== null,
    ...(config.collection === undefined ? {} : { daily: dailyExchanges(config.collection) }),
  });
  const buses = (): readonly (BusPicture & BusShares)[] => street.buses().map((bus) => ({ ...bus, ...planner.shares(bus) }));
  const collecting = collectingOf(config.collection, {
    ...{ ...books, stores, timeZone, intake, service: () => service },
    ...(lookEveryMs === undefined ? {} : { lookEveryMs }),
    ...(keepers.findings === undefined ? {} : { findings: keepers.findings }),
  });
  const poller = new Poller({
    street,
    intake,
    relay: sightings.relay,
    clock,
    log,
    duties: (meter) => planner.duties(meter),
    identityInDoubt: (meter) => identities.inDoubt(meter),
    isDoubted: (meter) => identities.isDoubted(meter),
    borneOutFrom: (meter) => gate.borneOutFrom(meter),
    identity: (meter, finding) => identities.mustMatch(meter, finding),
    onceADay,
    ...(collecting === null ? {} : { errand: collecting.errand }),
    sideBySide: (bus) => isSideBySide(config, bus),
    ...(lookEveryMs === undefined ? {} : { lookEveryMs }),
  });

  // --- commands and rules
  const { restored } = parts;
  const doubted = restored === undefined ? {} : { restored };
  const service = new CommandService({ ...common, ...doubted, needsTwo: (tx, wish) => rails.gate.needsTwo(tx, wish) });
  const strategies = strategiesOf(config);
  const holdsCuts = (): Promise<boolean> => restored?.holdsRules() ?? Promise.resolve(false);
  const heardAt: EngineRules["heardAt"] = (meter) => street.health(meter).lastHeardAt;
  const noCuts = noCutsOf({ config, books, stores, street });
  const { policy } = noCuts;
  const rails = guardRailsOf({
    config,
    books,
    stores: { guards: stores.guards, policy },
    noCuts: noCuts.inForce,
    service: () => service,
    strategies,
    street,
    holdsCuts,
    alarms: keepers.cuts,
  });
  const reconciler = new Reconciler({
    ...common,
    rails,
    store: policy,
    service,
    strategies,
    heardAt,
    readSoon: (meter) => poller.hurry(meter),
    ...pace,
    holdsCuts,
    ...(keepers.teller === undefined ? {} : { teller: keepers.teller }),
  });
  const payments = new PaymentService({
    ...common,
    service,
    afterCredit: reconciler,
    channels: config.channels,
    cap: config.paymentCap,
    takesTokens: (meter) => takesTokens(street, meter),
    roomIn: (meter, tx) => walletRoom(stores.readings, meter, tx),
  });
  const refunds = new RefundService({ ...common, service });
  const runner = new CommandRunner({
    ...common,
    ...doubted,
    street,
    guard: reconciler,
    rails: rails.gate,
    pace: restorePace({ strategies, street, meters, clock, ...(parts.chance === undefined ? {} : { chance: parts.chance }) }),
    identities,
    sights: {
      relay: (tx, command, picture) => sightings.relayIn(tx, command.meter, picture),
      wallet: (command, wallet) => intake.take(walletReadings(command.meter, wallet)),
      balance: (command, seen) => intake.take(balanceReadings(street, command.meter, seen)),
      energy: (session, relay) => registersBeforeCut({ intake, gate }, session, relay),
    },
  });

  const places = comingAndGoing({ street, poller, planner, buses: config.buses });
  const replacing = new Replacing({
    ...{ ...common, ...pace, street, service, replacements, intake, identities },
    borneOutFrom: (meter) => gate.borneOutFrom(meter),
    isDoubted: async (meter) => {
      const doubt = await stores.validation.doubt(null, meter);
      return doubt !== null && doubt.open && !isWait(doubt.doubt);
    },
    settled: async (tx, meter, closing) => keepers.suspects?.settled?.(tx, meter, closing),
    believed: async (meter, item) =>
      (await stores.readings.latestOf([meter])).find((reading) => reading.item === item)?.value ?? null,
    ...places,
  });
  const replacementsAsked = new ReplacementService({
    ...{ ...common, replacements, service, asks: asksOf(strategies) },
    buses: new Set(config.buses.map(({ id }) => id)),
    cap: config.paymentCap,
  });

  // --- from rows to lines
  const jobs = new Jobs({
    commands,
    queue,
    lanes,
    street,
    leases,
    lineOf: (address) => {
      const meter = street.meter(address);
      return meter === undefined ? address : lineName(config, meter);
    },
    run: (command) => runner.run(command),
    clock,
    log,
    publish: (events) => live.publish(events),
  });
  const remote = new Set<AccountId>(); // the books', since a meter may have been switched
  const { metersOf } = metersByAccount(street);
  const noteHeat =
    config.polling.hot === null
      ? () => undefined // nobody is asked more often for it
      : heatFrom({
          ...{ hot, metersOf, log },
          isRemote: (account) => remote.has(account),
          availableOf: async (account) => (await ledger.position(null, account)).available,
        });
  const pump = new OutboxPump({
    untold: outbox,
    clock,
    log,
    ...pace,
    buses: () => leases.held(),
    sinks: {
      jobs: (due) => jobs.handOut(due),
      events: (events) => {
        parts.count(events);
        for (const event of events) {
          if (event.type === "account" && event.mode === "remote") remote.add(event.account);
          noteHeat(event);
        }
        live.publish(events);
        if (events.some(({ type }) => type === "cuts")) reconciler.nudgeLists();
        if (remote.size > 0 && events.some(({ type }) => ruleWakers.has(type))) reconciler.nudge();
      },
    },
  });
  const sweeper = new Sweeper({
    due: async (now, limit, skip) => {
      await jobs.putBackDropped();
      return commands.due(now, limit, leases.held(), skip);
    },
    isRunning: (id) => jobs.has(id),
    add: (due) => jobs.add(due),
    addDirect: (due) => jobs.addDirect(due),
    isQueueAway: () => jobs.isQueueAway,
    clock,
    log,
    ...pace,
  });
  const waking = new Waking({
    clock: worldClock,
    log,
    hurry: (meter) => poller.hurry(meter),
    wakeCommands: async (heard) => jobs.add(await commands.wakeMeters(heard, clock.now())),
    makeAllDue: (taken) => commands.makeAllDue(clock.now(), taken),
    nudge: () => reconciler.nudge(),
  });
  closers.add("take-over", () => waking.stop());
  street.onHeard((meter: MeterAddress) => {
    log.info({ meter }, "the meter is heard");
    collecting?.errand.heard(meter);
    void waking.wake([meter]);
  });
  street.onLineOpen((opened) => void waking.wake(opened));

  return {
    keepers,
    books,
    rules: { strategies, policy, noCuts: noCuts.inForce, holdsCuts, heardAt, heldBy: rails.heldBy, listOf: rails.listOf },
    comes: places.comes,
    doors: {
      ...{ transactor, service, cuts: { ...rails, noCuts: noCuts.desk }, payments, refunds, ledger, intake, identities, buses },
      entries: entriesOf({ ...parts, books, intake, energy, keepers }),
      replacing: { service: replacementsAsked, store: replacements, nudge: () => replacing.nudge() },
    },
    start: async () => {
      await noteStrategies({ strategies, store: stores.policy, accounts: config.accounts, clock, log });
      for (const account of await meters.remoteAccounts()) remote.add(account);
      leases.onTaken((taken) => void waking.takeOver(taken));
      await commands.makeAllDue(clock.now(), leases.held());
      await jobs.start();
      closers.add("commands", async () => {
        jobs.stop();
        await runner.idle(); // each finishes its exchange and writes down what it knows
      });
      closers.add("queue", () => queue.close(parts.stopCommandsMs));
      pump.start();
      closers.add("outbox", () => pump.stop());
      sweeper.start();
      closers.add("sweeper", () => sweeper.stop());
      collecting?.start();
      poller.start();
      reconciler.start();
      replacing.start();
      closers.add("rules", () => reconciler.stop());
      closers.add("poller", () => poller.stop());
      if (collecting !== null) closers.add("collection", () => collecting.stop());
      closers.add("replacements", () => replacing.stop());
    },
    readSoon: (meter) => poller.hurry(meter),
    wakeWaitingFor: async (what) => jobs.add(await commands.wakeWaitingFor(what, clock.now())),
    running: () => runner.running,
    work: {
      waiting: async () =>
        (await commands.due(clock.now(), DUE_LOOKED_AT_MAX, leases.held())).filter((id) => !jobs.has(id)).length,
      taken: () => jobs.taken,
      renew: async () => queue.renew?.(),
      clockWentBack: async (byMs) => {
        await commands.makeAllDue(clock.now(), leases.held());
        // last, since whoever fails is asked again: a cut that is shortened twice is ordered anew, one that comes late is wrong
        await commands.shorten(cuts, byMs);
      },
    },
    pollAll: async () => {
      const byLine = Map.groupBy(street.meters(), (meter) => lineName(config, meter));
      await Promise.all(
        [...byLine.values()].map(async (behind) => {
          for (const meter of behind)
            await poller.pollNow(meter).catch((error: unknown) => {
              if (!isFault(error)) throw error;
            });
        }),
      );
    },
    reconcile: () => reconciler.reconcile(),
    hold: async () => {
      const polls = await poller.pause();
      await runner.idle();
      const lines = await street.hold();
      return () => {
        lines();
        polls();
      };
    },
  };
}

const lineName = (config: HouseSite, meter: MeterRecord): string =>
  lineNameOf(
    config.buses.find((bus) => bus.id === meter.bus),
    meter,
  );
/** Meters of such a bus have lines of their own, or may have. */
const isSideBySide = (config: HouseSite, bus: string): boolean =>
  config.buses.some(({ id, transport }) => id === bus && (transport.kind === "tcp-server" || eachMeterAlone(transport)));
