/**
 * The composition root: builds every part, starts them in order, stops them in reverse. Nothing here decides anything; what is
 * opened is written down beside how it is closed, with a deadline.
 *
 *     stores ─► books ─► lines ─► queue ─► commands, rules ─► doors
 */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { pino, type DestinationStream } from "pino";
import { uuidv7 } from "uuidv7";
import { buildApp } from "./api/app.ts";
import { LiveEvents } from "./api/books.ts";
import { CommandRunner } from "./commands/command-runner.ts";
import { identityNote } from "./commands/identity-doubt.ts";
import { definitionOf } from "./commands/catalogue.ts";
import type { CommandKind } from "./commands/command.ts";
import { noteEndOfTimedCut } from "./commands/timed-cut-end.ts";
import { CommandService } from "./commands/command-service.ts";
import { PaymentService } from "./commands/payment-service.ts";
import type { Config } from "./config.ts";
import { eachMeterAlone } from "./devices/bus-config.ts";
import { HotMeters } from "./devices/hot-meters.ts";
import type { BusPicture, MeterRecord, Street } from "./devices/meter.ts";
import { LeaseKeeper } from "./devices/lease-keeper.ts";
import { lineNameOf } from "./devices/line-names.ts";
import { linesToPlan, PollPlanner, type BusShares } from "./devices/poll-planner.ts";
import { Poller } from "./devices/poller.ts";
import { ReadingIntake } from "./devices/reading-intake.ts";
import { buildStreetLines } from "./devices/street-lines.ts";
import type { Chance } from "./kernel/chance.ts";
import { seconds, systemClock, systemElapsed, type Clock } from "./kernel/clock.ts";
import { isFault, reasonOf } from "./kernel/faults.ts";
import { CommandId, type MeterAddress } from "./kernel/ids.ts";
import type { Logger } from "./kernel/log.ts";
import { yuan } from "./kernel/money.ts";
import type { Reading } from "./kernel/reading.ts";
import { Closers } from "./house/closers.ts";
import { beginAuditing } from "./house/auditing.ts";
import { heatFrom } from "./house/heat.ts";
import { brokerOf, databaseOf, listen, prepareDataFolder, securityOf } from "./house/outside.ts";
import { readinessOf } from "./house/readiness.ts";
import { Waking } from "./house/waking.ts";
import { Billing } from "./ledger/billing.ts";
import { Ledger } from "./ledger/ledger.ts";
import { Counters } from "./metrics/counters.ts";
import { parseHours } from "./policy/calendar.ts";
import { MeteredUse } from "./policy/metered-use.ts";
import { Reconciler } from "./policy/reconciler.ts";
import { bullmqOnPostgres, bullmqOnRedis } from "./queue/bullmq.ts";
import { checkRedis } from "./queue/redis-check.ts";
import { CONCURRENCY, laneOf, lanesOf } from "./queue/lanes.ts";
import { LineDesk } from "./queue/line-desk.ts";
import { Sweeper } from "./queue/sweeper.ts";
import { PostgresBillingStore } from "./stores/billing-store.ts";
import { PostgresCommandStore } from "./stores/command-store.ts";
import { Database } from "./stores/database.ts";
import { PostgresIdempotencyStore } from "./stores/idempotency-store.ts";
import { PostgresLedgerStore } from "./stores/ledger-store.ts";
import { PostgresLineLeases } from "./stores/line-leases-store.ts";
import { PostgresMeterStore } from "./stores/meter-store.ts";
import { migrate } from "./stores/migrate.ts";
import { nudging, OutboxPump, PostgresOutbox } from "./stores/outbox.ts";
import { PostgresPaymentStore } from "./stores/payment-store.ts";
import { PostgresPolicyStore } from "./stores/policy-store.ts";
import { PostgresReadingStore } from "./stores/reading-store.ts";

/** Lanes of a gateway's waiting room; one is enough on PostgreSQL, Redis has its work spread. */
const LANES = { postgres: 1, redis: 8 } as const;
/** A command on the wire is given this long to finish its exchange and persist when the gateway stops. */
const STOP_COMMANDS_MS = seconds(15);

export interface GatewayOptions {
  readonly config: Config;
  /** Commands, rules, meters and lines live on this clock; stores and their processes on the world's. */
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
  readonly consoleFolder: string | null;
}

export interface Gateway {
  readonly url: string;
  readonly mqttUrl: string | null;
  readonly street: Street;
  readonly queueKind: string;
  /** Reads every meter now, side by side by line; resolves when all were asked. */
  pollAll(): Promise<void>;
  /** Applies the rules now. */
  reconcile(): Promise<void>;
  /** Resolves when no command is in hand and the lines are quiet; holds polls and exchanges back until released. */
  hold(): Promise<() => void>;
  stop(): Promise<void>;
}

export const createLog = (level: string, to: DestinationStream): Logger =>
  pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } }, to);

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const closers = new Closers(options.log);
  try {
    return await raise(options, closers);
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

async function raise({ config, clock, chance, log, consoleFolder }: GatewayOptions, closers: Closers): Promise<Gateway> {
  const security = await securityOf(config, chance, log, closers);

  // --- stores
  prepareDataFolder(config.stores.data);
  const connectionString = await databaseOf(config, log, closers);
  const newId = (): string => uuidv7();
  const me = holderName(newId());
  const db = await Database.open({ connectionString, log, actor: `gateway ${me}` });
  closers.add("database", () => db.close());
  const applied = await migrate(db, new URL("./stores/migrations/", import.meta.url).pathname, systemClock);
  if (applied.length > 0) log.info({ migrations: applied }, "the database was brought forward");

  // --- books
  const meterStore = new PostgresMeterStore(db, clock);
  const commandStore = new PostgresCommandStore(db, clock, me);
  const paymentStore = new PostgresPaymentStore(db);
  const readingStore = new PostgresReadingStore(db);
  const ledgerStore = new PostgresLedgerStore(db);
  const billingStore = new PostgresBillingStore(db);
  const policyStore = new PostgresPolicyStore(db);
  const outbox = new PostgresOutbox(db);
  const audit = await beginAuditing({
    db,
    config,
    clock,
    chance: chance.child("audit"),
    log,
    closers,
    commands: commandStore,
    payments: paymentStore,
  });
  await meterStore.bringIn(config.accounts, config.meters);
  let pump: OutboxPump | null = null;
  const transactor = nudging(db, () => pump);
  const ledger = new Ledger({ store: ledgerStore, clock });

  // --- lines: those that are ours, and nobody else's
  const leases = new LeaseKeeper({
    leases: new PostgresLineLeases(db),
    me: { holder: me, buses: config.buses.map((bus) => bus.id) },
    clock: systemClock,
    elapsed: systemElapsed,
    log,
    alone: config.stores.database === "embedded", // the folder has one owner, so whoever held a line before us is gone
  });
  closers.add("leases", () => leases.stop());
  await leases.start();
  const mqtt = await brokerOf(config, log, closers);
  const street = buildStreetLines({
    clock,
    chance: chance.child("lines"),
    log,
    security,
    buses: config.buses,
    meters: config.meters,
    mqtt: {
      url: mqtt.url,
      ...(config.mqtt.username === null ? {} : { username: config.mqtt.username }),
      ...(config.mqtt.password === null ? {} : { password: config.mqtt.password }),
      ...(config.mqtt.ca === null ? {} : { ca: readFileSync(config.mqtt.ca, "utf8") }),
      ...(config.mqtt.clientId === null ? {} : { clientId: config.mqtt.clientId }),
    },
    timeZone: config.site.timeZone,
    guard: leases,
  });
  closers.add("lines", () => street.close());

  // --- queue
  const redisUrl = config.stores.redis?.open() ?? null;
  const degraded = redisUrl === null ? null : (await checkRedis({ url: redisUrl, log })).degraded;
  const queue =
    redisUrl === null
      ? bullmqOnPostgres({ connectionString, log, clock: systemClock })
      : bullmqOnRedis({ url: redisUrl, log, clock: systemClock });
  const lanes = lanesOf(redisUrl === null ? LANES.postgres : LANES.redis, leases.slot);

  // --- commands and rules
  const live = new LiveEvents();
  const common = {
    clock,
    log,
    newId,
    transactor,
    commands: commandStore,
    payments: paymentStore,
    meters: meterStore,
    ledger,
    outbox,
  };
  const service = new CommandService(common);
  const heardAt = (meter: MeterAddress) => street.health(meter).lastHeardAt;
  const billing = new Billing({ store: billingStore, ledger, timeZone: config.site.timeZone });
  const energy = new MeteredUse({ billing, meters: meterStore, outbox, priceOf: (tariff) => config.prices.get(tariff)! });
  const intake = new ReadingIntake({ store: readingStore, transactor, outbox, energy, log });
  const relaySeen = async (meter: MeterAddress, picture: Parameters<typeof meterStore.setRelay>[2]): Promise<void> => {
    const changed = await transactor.transact(async (tx) => {
      const differs = await meterStore.setRelay(tx, meter, picture);
      await noteEndOfTimedCut(common, tx, meter, picture); // also when nothing differs: what ended in silence was never seen cut
      if (differs) await outbox.announce(tx, { type: "meter", address: meter });
      return differs;
    });
    if (changed) log.info({ meter, relay: picture.relay, order: picture.order }, "the relay shows something new");
  };
  const remote = new Set(config.accounts.filter((account) => account.mode === "remote").map((account) => account.account));
  const hot = new HotMeters(clock);
  const planner = new PollPlanner({
    lines: linesToPlan(config.buses, config.meters),
    tiers: config.polling,
    clock,
    log,
    health: (meter) => street.health(meter),
    answers: (meter) => street.answers?.(meter),
    isHot: (meter) => hot.heat(meter) !== null,
  });
  const buses = (): readonly (BusPicture & BusShares)[] => street.buses().map((bus) => ({ ...bus, ...planner.shares(bus) }));
  const poller = new Poller({
    street,
    intake,
    relay: relaySeen,
    clock,
    log,
    duties: (meter) => planner.duties(meter),
    identityInDoubt: async (meter) => (await meterStore.meter(null, meter))?.identity !== "confirmed",
    identity: async (meter, finding) => {
      const note = identityNote(meter, finding);
      await transactor.transact(async (tx) => {
        await meterStore.setIdentity(tx, meter.address, finding.matches ? "confirmed" : "quarantined", note, clock.now());
        await outbox.announce(tx, { type: "meter", address: meter.address });
      });
      if (note !== null)
        log.warn({ meter: meter.address, note }, "the meter's numbers are not those of the books: it is quarantined");
    },
    sideBySide: (bus) => isSideBySide(config, bus),
  });
  const { noCut, mode, restoreBy, cutBelow } = config.policy;
  const reconciler = new Reconciler({
    ...common,
    store: policyStore,
    service,
    settings: {
      mode,
      restoreBy,
      cutBelow,
      timeZone: config.site.timeZone,
      noCut: { hours: parseHours(noCut.hours), weekends: noCut.weekends, holidays: new Set(noCut.holidays) },
    },
    heardAt,
    readSoon: (meter) => poller.hurry(meter),
  });
  const payments = new PaymentService({
    ...common,
    service,
    afterCredit: reconciler,
    channels: config.channels,
    cap: config.paymentCap,
  });
  const runner = new CommandRunner({
    ...common,
    street,
    guard: reconciler,
    sights: {
      relay: (command, picture) => relaySeen(command.meter, picture),
      wallet: (command, wallet) => intake.take(walletReadings(command.meter, wallet)),
    },
  });
  const lineOf = new Map(config.meters.map((meter) => [meter.address, lineName(config, meter)]));
  const placesOf = async (
    commands: readonly CommandId[],
  ): Promise<readonly { id: CommandId; line: string; bus: string; priority: number }[]> => {
    const rows = await db.rows<{ id: string; meter: string; kind: CommandKind }>(
      null,
      "SELECT id, meter, kind FROM commands WHERE id = ANY($1)",
      [commands],
    );
    return rows.map(({ id, meter, kind }) => ({
      id: CommandId(id),
      line: lineOf.get(meter as MeterAddress) ?? meter,
      bus: street.meter(meter as MeterAddress)?.bus ?? "",
      priority: definitionOf(kind).priority,
    }));
  };
  const desk = new LineDesk((command) => runner.run(command));
  const addJobs = async (commands: readonly CommandId[]): Promise<void> => {
    if (lanes.length === 1) return queue.add(lanes[0]!, commands);
    for (const [lane, places] of Map.groupBy(await placesOf(commands), ({ line }) => laneOf(line, lanes))) {
      await queue.add(
        lane,
        places.map(({ id }) => id),
      );
    }
    return undefined;
  };
  /** The outbox's jobs: handing a command to the queue is a step of its life, and is told like the others. */
  const handOut = async (commands: readonly CommandId[]): Promise<void> => {
    const queued = await commandStore.markQueued(commands);
    live.publish(queued.map(({ id, meter, kind, state }) => ({ type: "command", id, meter, kind, state })));
    await addJobs(commands);
  };
  const counters = new Counters({
    commandsByState: () => commandStore.counts(),
    buses,
    meters: () => healthCounts(street),
    running: () => runner.running,
    auditWaiting: audit.pulse.waiting,
  });
  const noteHeat = heatFrom({
    hot,
    meters: config.meters,
    isRemote: (account) => remote.has(account),
    availableOf: async (account) => (await ledger.position(null, account)).available,
    log,
  });
  const ruleWakers = new Set(["account", "meter"]);
  pump = new OutboxPump({
    db,
    clock,
    log,
    buses: () => leases.held(),
    sinks: {
      jobs: handOut,
      events: (events) => {
        for (const event of events) {
          counters.announcements.inc({ type: event.type });
          noteHeat(event);
        }
        live.publish(events);
        if (remote.size > 0 && events.some((event) => ruleWakers.has(event.type))) reconciler.nudge();
      },
    },
  });
  const sweeper = new Sweeper({
    due: (now, limit) => commandStore.due(now, limit, leases.held()),
    isRunning: (id) => desk.has(id),
    add: addJobs,
    clock,
    log,
  });
  const waking = new Waking({
    log,
    hurry: (meter) => poller.hurry(meter),
    wakeCommands: async (meters) => addJobs(await commandStore.wakeMeters(meters, clock.now())),
    makeAllDue: (buses) => commandStore.makeAllDue(clock.now(), buses),
    nudge: () => reconciler.nudge(),
  });
  closers.add("take-over", () => waking.stop());
  street.onHeard((meter) => {
    log.info({ meter }, "the meter is heard");
    void waking.wake([meter]);
  });
  street.onLineOpen((meters) => void waking.wake(meters));
  const wakeWaiters = async (): Promise<void> => addJobs(await commandStore.wakeWaitingFor("cipher-machine", clock.now()));
  security.onUsable?.(() => {
    wakeWaiters().catch((error: unknown) => {
      log.warn({ reason: reasonOf(error) }, "commands that waited for the HSM could not be woken; each looks again by itself");
    });
  });

  // --- everything runs
  leases.onTaken((buses) => void waking.takeOver(buses));
  await commandStore.makeAllDue(clock.now(), leases.held());
  /** A job for a line of another gateway comes astray only around a change of holders, or when two share a number for a while. */
  const attend = async (command: CommandId): Promise<void> => {
    for (const { id, line, bus, priority } of await placesOf([command])) {
      if (leases.holds(bus)) desk.submit(id, line, priority);
      else await commandStore.putBack([id], clock.now());
    }
  };
  for (const lane of lanes) await queue.work(lane, Math.ceil(CONCURRENCY / lanes.length), attend);
  closers.add("commands", async () => {
    desk.stop();
    await runner.idle(); // each finishes its exchange and writes down what it knows
  });
  closers.add("queue", () => queue.close(STOP_COMMANDS_MS));
  pump.start();
  closers.add("outbox", () => pump.stop());
  sweeper.start();
  closers.add("sweeper", () => sweeper.stop());
  poller.start();
  reconciler.start();
  closers.add("rules", () => reconciler.stop());
  closers.add("poller", () => poller.stop());

  // --- doors
  const app = await buildApp({
    clock: systemClock === clock ? systemClock : { ...systemClock, now: () => clock.now() },
    log,
    timeZone: config.site.timeZone,
    transactor,
    idempotency: new PostgresIdempotencyStore(db, clock),
    service,
    payments,
    commandStore,
    paymentStore,
    meterStore,
    ledger,
    ledgerStore,
    readings: readingStore,
    billedDays: (account, limit) => billingStore.days(account, limit),
    street,
    buses,
    intake,
    live,
    readiness: () =>
      readinessOf({ db, queue, queueDegraded: degraded, street, leases, mqtt, config, security, audit: audit.pulse }),
    metrics: counters,
    audit,
    apiKeys: config.apiKeys,
    publicUrl: config.http.publicUrl ?? null,
    consoleFolder,
  });
  closers.add("http", () => app.close());
  const url = await listen(app, config);
  if (config.apiKeys.length === 0) log.warn({ url }, "the API is open on loopback: no apiKeys in the site file");

  return {
    url,
    mqttUrl: mqtt.url,
    street,
    queueKind: queue.kind,
    pollAll: async () => {
      const byLine = Map.groupBy(street.meters(), (meter) => lineName(config, meter));
      await Promise.all(
        [...byLine.values()].map(async (meters) => {
          for (const meter of meters)
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
    stop: () => closers.closeAll(),
  };
}

/** One life of one process: a name that is never used again, and tells people where it runs. */
const holderName = (id: string): string => `${hostname()}/${process.pid}/${id.slice(-8)}`;

const lineName = (config: Config, meter: MeterRecord): string =>
  lineNameOf(
    config.buses.find((bus) => bus.id === meter.bus),
    meter,
  );
/** Meters of such a bus have lines of their own, or may have. */
const isSideBySide = (config: Config, bus: string): boolean =>
  config.buses.some(({ id, transport }) => id === bus && (transport.kind === "tcp-server" || eachMeterAlone(transport)));

function walletReadings(
  meter: MeterAddress,
  wallet: { readonly balance: bigint; readonly overdraft: bigint; readonly count: number; readonly takenAt: Reading["takenAt"] },
): readonly Reading[] {
  const base = { meter, takenAt: wallet.takenAt, source: "command" } as const;
  return [
    { ...base, item: "balance", value: yuan(wallet.balance), unit: "yuan" },
    { ...base, item: "overdraft", value: yuan(wallet.overdraft), unit: "yuan" },
    { ...base, item: "purchaseCount", value: String(wallet.count), unit: null },
  ];
}

function healthCounts(street: Street): { answering: number; silent: number; unknown: number } {
  const counts = { answering: 0, silent: 0, unknown: 0 };
  for (const meter of street.meters()) counts[street.health(meter.address).state] += 1;
  return counts;
}
