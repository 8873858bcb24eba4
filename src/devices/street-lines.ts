/**
 * The street as the gateway sees it: one line per serial or TCP bus, one per caller where meters dial in, and over MQTT one line per
 * meter, all on one shared connection to the broker. Every line is made exclusive by its own actor, every meter by its own lock.
 *
 * A line that cannot be opened does not stop the start: it is down, says why, and keeps trying.
 */
import { Fault } from "../kernel/faults.ts";
import type { BusId, MeterAddress } from "../kernel/ids.ts";
import type { SecurityModule } from "../security/security-module.ts";
import { checkedBuses } from "./bus-config.ts";
import type { Reception } from "./dial-in/reception.ts";
import { IdentityBook } from "./identity.ts";
import type { BusPicture, MeterRecord, Priority, Street } from "./meter.ts";
import { MeterClocks } from "./meter-clock.ts";
import { HealthBook } from "./meter-health.ts";
import { everyLineIsOurs, type LineGuard } from "./line-leases.ts";
import { MeterLock } from "./meter-lock.ts";
import { meterModels } from "./meter-models.ts";
import { MeterRegistry } from "./meter-registry.ts";
import { openSession } from "./meter-session.ts";
import type { AddressDoubt } from "./twins.ts";
import { raiseLines, type LinesParts, type StreetLine } from "./raise-lines.ts";

/** Goes into the meters' records of who ordered what; zeros would say "nobody". */
export const OPERATOR = "00000001";

export interface StreetParts extends LinesParts {
  readonly security: SecurityModule;
  readonly meters: readonly MeterRecord[];
  /** Meters run on local time. */
  readonly timeZone: string;
  readonly operator?: string;
}

export function buildStreetLines(parts: StreetParts): Street {
  const { clock, log, security, timeZone, guard = everyLineIsOurs } = parts;
  const buses = checkedBuses(parts.buses);
  const registry = new MeterRegistry(parts.meters, new Set(buses.keys()));
  const health = new HealthBook(clock);
  const identities = new IdentityBook(clock, timeZone);
  const clocks = new MeterClocks(clock);
  const locks = new Map<MeterAddress, MeterLock>();
  const startedAt = clock.now();
  const raised = raiseLines(parts, buses, registry.all());
  const { receptions, lineOf, close } = raised;

  const onLineOpen: ((meters: readonly MeterAddress[]) => void)[] = [];
  const onAddressDoubt: ((meter: MeterAddress, doubt: AddressDoubt) => void)[] = [];
  /** Meters come and go while the house runs. */
  const behind = new Map<StreetLine, Set<MeterAddress>>();
  const attend = (line: StreetLine, meter: MeterAddress): void => {
    const known = behind.get(line);
    if (known !== undefined) {
      known.add(meter);
      return;
    }
    const meters = new Set([meter]);
    behind.set(line, meters);
    line.onOpened(() => {
      for (const one of meters) health.doubt(one);
      if (meters.size > 0) for (const listener of onLineOpen) listener([...meters]);
    });
    line.line.twins.onDoubt((address, doubt) => {
      for (const one of meters) if (one === address) for (const listener of onAddressDoubt) listener(one, doubt);
    });
    // A line that dropped may come back with another meter behind it, or the same one after a power cut.
    line.line.link.onDropped(() => {
      for (const one of meters) identities.drop(one);
    });
  };
  for (const meter of registry.all()) attend(lineOf(meter), meter.address);

  return {
    session: async (address, { priority, signal, mayProbe }) => {
      const meter = registry.find(address);
      if (meter === undefined) throw new Fault("unknown-meter", { meter: address });
      const { line, firstTry, notOurs } = lineOf(meter);
      let lock = locks.get(address);
      if (lock === undefined) locks.set(address, (lock = new MeterLock()));
      const release = await lock.take(priority, signal);
      const lost = notOurs();
      if (lost !== undefined) {
        release();
        throw lost;
      }
      await firstTry; // directly after the start a line deserves a moment before it counts as down
      const model = meterModels[meter.model];
      return openSession({
        meter,
        model,
        line,
        priority: () => mostUrgentOf(priority, lock.mostUrgentWaiting),
        isWanted: () => (lock.mostUrgentWaiting ?? priority) < priority,
        health,
        clock,
        log,
        signal,
        mayProbe,
        security,
        identities,
        clocks,
        timeZone,
        operator: parts.operator ?? OPERATOR,
        release,
      });
    },
    adopt: (meter) => {
      const known = registry.find(meter.address);
      if (known !== undefined) return;
      const line = raised.adopt(meter);
      registry.add(meter);
      attend(line, meter.address);
    },
    retire: (address) => {
      registry.remove(address);
      identities.drop(address);
      for (const meters of behind.values()) meters.delete(address);
    },
    meter: (address) => registry.find(address),
    meters: () => registry.all(),
    health: (address) => health.of(address),
    isOurs: (address) => {
      const meter = registry.find(address);
      return meter !== undefined && lineOf(meter).notOurs() === undefined;
    },
    answers: (address) => {
      const meter = registry.find(address);
      return meter === undefined ? undefined : lineOf(meter).line.answers(address);
    },
    onHeard: (listener) => health.onHeard(listener),
    onLineOpen: (listener) => {
      onLineOpen.push(listener);
    },
    onAddressDoubt: (listener) => {
      onAddressDoubt.push(listener);
    },
    buses: () => [
      ...[...receptions].map((door) => doorOf(door, guard)),
      ...raised.lines.map((line) => pictureOf(line, guard, clock.now() - startedAt)),
    ],
    tape: (bus) => raised.lines.find(({ line }) => line.id === bus)?.line.tape,
    hold: async () => {
      const releases = await Promise.all(raised.lines.map(({ line }) => line.hold()));
      return () => {
        for (const release of releases) release();
      };
    },
    close,
  };
}

const mostUrgentOf = (own: Priority, waiting: Priority | undefined): Priority =>
  waiting !== undefined && waiting < own ? waiting : own;

/** The port itself carries nothing: its callers' lines do. */
const doorOf = ([id, reception]: [string, Reception], guard: LineGuard): BusPicture => ({
  id: id as BusId,
  transport: reception.name,
  holder: guard.holderOf(id),
  heldByUs: guard.holds(id),
  open: reception.isOpen,
  why: reception.why,
  waiting: 0,
  exchanges: 0,
  silences: 0,
  busyMs: 0,
  occupiedMs: 0,
  silentMs: 0,
  busyShare: 0,
  late: 0,
  strays: 0,
  echoes: 0,
  noiseBytes: 0,
  otherMaster: null,
  tape: { rows: 0, bytes: 0, newest: 0 },
  callers: reception.picture(),
});

function pictureOf({ line, transport, bus, ignored }: StreetLine, guard: LineGuard, aliveMs: number): BusPicture {
  const holder = guard.holderOf(bus);
  const heldByUs = guard.holds(bus);
  return {
    id: line.id as BusId,
    transport,
    holder,
    heldByUs,
    open: line.link.isOpen,
    why: heldByUs ? line.link.why : `held by ${holder ?? "nobody"}`,
    waiting: line.waiting,
    exchanges: line.counts.exchanges,
    silences: line.counts.silences,
    busyMs: line.counts.busyMs,
    occupiedMs: line.counts.occupiedMs,
    silentMs: line.counts.silentMs,
    ...(ignored === undefined ? {} : { ignored: ignored() }),
    busyShare: Math.min(1, Math.round((line.counts.busyMs / Math.max(1, aliveMs)) * 1_000) / 1_000),
    late: line.counts.late,
    strays: line.counts.strays,
    echoes: line.counts.echoes,
    noiseBytes: line.counts.noiseBytes,
    otherMaster: line.others.picture,
    tape: { rows: line.tape.rows, bytes: line.tape.bytes, newest: line.tape.newest },
  };
}
