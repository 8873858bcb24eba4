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
import { NewMeters } from "./commands/new-meters.ts";
import { tariffOfClass, type Config } from "./config.ts";
import type { Street } from "./devices/meter.ts";
import { LeaseKeeper } from "./devices/lease-keeper.ts";
import { buildStreetLines } from "./devices/street-lines.ts";
import type { Chance } from "./kernel/chance.ts";
import { seconds, systemClock, systemElapsed, type Clock } from "./kernel/clock.ts";
import { reasonOf } from "./kernel/faults.ts";
import type { Logger } from "./kernel/log.ts";
import { noticesOf, tellingOf, undeliveredItems } from "./house/notices.ts";
import { beginAuditing } from "./house/auditing.ts";
import { Closers } from "./house/closers.ts";
import { collectionPicture } from "./house/collecting.ts";
import { buildEngine } from "./house/engine.ts";
import { comparisonOf, exceptionsOf } from "./house/exceptions.ts";
import { metersInUse } from "./house/meters-in-use.ts";
import { AddedMeters, besideTheFile, whyNotOn } from "./house/added-meters.ts";
import { brokerOf, databaseOf, listen, prepareDataFolder, securityOf } from "./house/outside.ts";
import { postgresStores } from "./house/postgres-stores.ts";
import { compareRestored, restoredBooksOf } from "./house/restored-books.ts";
import { policyDesks } from "./house/policy-desks.ts";
import { recoveryOf } from "./house/recovery.ts";
import { retentionOf } from "./house/retention.ts";
import { asksOf } from "./house/strategies.ts";
import { mustNameTariffsInUse } from "./house/tariffs-in-use.ts";
import { indicatorsOf } from "./house/indicators.ts";
import { reviewerOf } from "./house/validation.ts";
import { watchOver } from "./house/watch-over.ts";
import { Counters } from "./metrics/counters.ts";
import { bullmqOnPostgres, bullmqOnRedis } from "./queue/bullmq.ts";
import { checkRedis } from "./queue/redis-check.ts";
import { lanesOf } from "./queue/lanes.ts";
import { Database } from "./stores/database.ts";
import { PostgresIdempotencyStore } from "./stores/idempotency-store.ts";
import { PostgresNewMeterStore } from "./stores/new-meter-store.ts";
import { PostgresLineLeases } from "./stores/line-leases-store.ts";
import { PostgresRecoveryStore } from "./stores/recovery-store.ts";
import { PostgresReviewStore } from "./stores/review-store.ts";
import { migrate } from "./stores/migrate.ts";

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

  const retention = await retentionOf({ db, site: config.retention, timeZone: config.site.timeZone, clock, log, closers });

  // --- books
  const stores = postgresStores(db, clock, me);
  const { commands, payments } = stores;
  await mustNameTariffsInUse(stores.billing, config.tariffs);
  const audit = await beginAuditing({ db, config, clock, chance: chance.child("audit"), log, closers, commands, payments });
  const newMeters = new PostgresNewMeterStore(db, clock);
  const busIds = new Set<string>(config.buses.map(({ id }) => id));
  const say = (what: string, about: object): void => log.warn(about, what);
  await newMeters.areInFile(config.meters.map(({ address }) => address));
  const named = besideTheFile(config.meters, await newMeters.added(), busIds, say);
  const meters = metersInUse(named, await stores.replacements.replaced(), say);
  await stores.meters.bringIn(config.accounts, meters);
  const restored = await restoredBooksOf(db, clock, log);

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
    meters,
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
  if (redisUrl !== null) await checkRedis({ url: redisUrl, log });
  const queue =
    redisUrl === null
      ? bullmqOnPostgres({ connectionString, log, clock: systemClock })
      : bullmqOnRedis({ url: redisUrl, log, clock: systemClock });
  const lanes = lanesOf(redisUrl === null ? LANES.postgres : LANES.redis, leases.slot);

  // --- everything runs
  const live = new LiveEvents();
  const engine = buildEngine({
    config: { ...config, meters },
    stores,
    street,
    leases,
    queue,
    lanes,
    clock,
    worldClock: systemClock,
    newId,
    log,
    live,
    keepers: (books) => {
      const items = exceptionsOf({ ...books, db });
      const isTold = config.notices.channels.length > 0;
      return { ...items, ...(isTold ? tellingOf({ ...books, ...items, store: stores.notices }) : {}) };
    },
    restored,
    chance: chance.child("rules"),
    count: (events) => {
      for (const { type } of events) counters.announcements.inc({ type });
    },
    closers,
    stopCommandsMs: STOP_COMMANDS_MS,
  });
  const open = engine.keepers;
  const notices = noticesOf({
    ...{ ...engine.books, rules: engine.rules, store: stores.notices, config: config.notices },
    accounts: (page) => stores.meters.accounts(page),
    undelivered: undeliveredItems({ ...open, store: stores.notices, items: open.store, timeZone: config.site.timeZone }),
    chance: chance.child("notices"),
  });
  const indicators = indicatorsOf(db, { clock, timeZone: config.site.timeZone, noCuts: engine.rules.noCuts });
  const counters = new Counters({
    commandsByState: () => stores.commands.counts(),
    buses: engine.doors.buses,
    meters: () => healthCounts(street),
    running: () => engine.running(),
    exceptions: () => open.store.counts(clock.now()),
    auditWaiting: audit.pulse.waiting,
    retention: () => retention.picture,
    cuts: () => engine.doors.cuts.counts(),
    recovery: () => recovery.desk.store.counts(),
    parts: () => watch.states(),
    notices: () => notices.picture(),
    collection: () => collectionPicture(stores.collection, clock, config.site.timeZone),
    indicators: indicators.picture,
    standsStillMs: () => watch.progress.standsStillMs,
  });
  security.onUsable?.(() => {
    engine.wakeWaitingFor("cipher-machine").catch((error: unknown) => {
      log.warn({ reason: reasonOf(error) }, "commands that waited for the HSM could not be woken; each looks again by itself");
    });
  });
  await engine.start();
  const added = new AddedMeters({ store: newMeters, street, buses: busIds, comes: engine.comes, clock: systemClock, log });
  added.start();
  closers.add("added meters", () => added.stop());
  const watch = watchOver({
    db,
    queue,
    redisUrl,
    street,
    leases,
    mqtt,
    config,
    security,
    audit: audit.pulse,
    cuts: () => engine.doors.cuts.counts(),
    engine,
    clock,
    log,
    closers,
  });
  const comparing = comparisonOf(
    { ...engine.books, ...open, db },
    { street, tariffs: config.tariffs, timeZone: config.site.timeZone, at: config.compareAt },
  );
  const policy = policyDesks({ ...engine.books, ...open, db, rules: engine.rules, stores });
  const recovery = recoveryOf({
    ...{ ...engine.books, ...open, items: open.store, store: new PostgresRecoveryStore(db) },
    ...{ policy: stores.policy, engine, street, settings: config.recovery },
  });
  open.watch.start();
  recovery.watch.start();
  policy.reminders.start();
  notices.start();
  comparing.start();
  compareRestored(restored, comparing.comparison, log);
  closers.add("comparison", () => comparing.stop());
  closers.add("exceptions", () => open.watch.stop());
  closers.add("recovery", () => recovery.watch.stop());
  closers.add("exemptions", () => policy.reminders.stop());
  closers.add("notices", () => notices.stop());

  // --- doors
  const app = await buildApp({
    clock: systemClock === clock ? systemClock : { ...systemClock, now: () => clock.now() },
    log,
    timeZone: config.site.timeZone,
    ...engine.doors,
    idempotency: new PostgresIdempotencyStore(db, clock),
    commandStore: stores.commands,
    paymentStore: stores.payments,
    meterStore: stores.meters,
    ledgerStore: stores.ledger,
    readings: stores.readings,
    entryStore: stores.validation,
    indicators: indicators.desk,
    reviewer: reviewerOf(config, new PostgresReviewStore(db), clock),
    tariffOfClass: (name) => tariffOfClass(config, name),
    ...{ tariffs: config.tariffs, tariffPush: config.tariffPush, newId },
    newMeters: {
      service: new NewMeters({
        ...engine.books,
        store: newMeters,
        whyNotOn: whyNotOn(config.buses),
        tariffs: new Set(config.tariffs.keys()),
        asks: asksOf(engine.rules.strategies),
      }),
      bring: () => added.bring(),
    },
    policy,
    recovery,
    exceptions: open.exceptions,
    exceptionStore: open.store,
    notices: { desk: notices.desk, store: stores.notices },
    comparison: comparing.comparison,
    comparisonStore: open.comparisonStore,
    correctionCap: config.paymentCap,
    channels: config.channels,
    billing: stores.billing,
    collection: { store: stores.collection, looks: stores.looks },
    street,
    live,
    readiness: watch.readiness,
    isAlive: () => !watch.progress.isDead,
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
    pollAll: () => engine.pollAll(),
    reconcile: () => engine.reconcile(),
    hold: () => engine.hold(),
    stop: () => closers.closeAll(),
  };
}

/** One life of one process: a name that is never used again, and tells people where it runs. */
const holderName = (id: string): string => `${hostname()}/${process.pid}/${id.slice(-8)}`;

function healthCounts(street: Street): { answering: number; silent: number; unknown: number } {
  const counts = { answering: 0, silent: 0, unknown: 0 };
  for (const meter of street.meters()) counts[street.health(meter.address).state] += 1;
  return counts;
}
