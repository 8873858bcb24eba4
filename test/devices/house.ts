/** A simulated street and the gateway's side of it, joined by memory, TCP, a pseudo-terminal or MQTT. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildStreet, type MeterPlan, type Street as SimulatedStreet } from "../../simulator/street.ts";
import type { BusConfig } from "../../src/devices/bus-config.ts";
import type { LineGuard } from "../../src/devices/line-leases.ts";
import { buildStreetLines } from "../../src/devices/street-lines.ts";
import { Priority, type MeterRecord, type MeterSession, type ModelName, type Street } from "../../src/devices/meter.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { systemClock, type Clock } from "../../src/kernel/clock.ts";
import { Fault } from "../../src/kernel/faults.ts";
import { BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog, type Logger } from "../../src/kernel/log.ts";
import type { SecurityModule } from "../../src/security/security-module.ts";
import { softwareModule } from "../../src/security/software-module.ts";
import { startEmbeddedBroker, type EmbeddedBroker } from "../../src/transports/embedded-broker.ts";
import { Listeners } from "../../src/transports/listeners.ts";
import type { PayloadKind } from "../../src/transports/mqtt-payloads.ts";
import type { Transport } from "../../src/transports/transport.ts";

export type Carrier = "memory" | "tcp" | "serial" | "mqtt";
export const A = MeterAddress("202611220001");
export const B = MeterAddress("202611220002");

export interface House {
  readonly simulator: SimulatedStreet;
  readonly street: Street;
  readonly clock: Clock;
  /** Over MQTT: what they meet on. */
  readonly broker: EmbeddedBroker | undefined;
  session(address?: MeterAddress): Promise<MeterSession>;
  close(): Promise<void>;
}

export interface HouseOptions {
  readonly carrier?: Carrier;
  readonly meters?: readonly Partial<MeterPlan>[];
  readonly records?: (record: MeterRecord) => MeterRecord;
  readonly clock?: Clock;
  readonly log?: Logger;
  readonly security?: SecurityModule;
  readonly bus?: Partial<BusConfig>;
  /** Bytes that take their time, also in memory: what the street does, and what the line has to know of it. */
  readonly paced?: { readonly baud: number; readonly answerDelayMs: number; readonly wakeUps: number };
  /** Over MQTT: how frames are wrapped, and whether the meters sit behind one DTU. */
  readonly mqtt?: { readonly payload?: PayloadKind; readonly dtu?: string };
  readonly guard?: LineGuard;
}

/** Short limits, so that a test of silence takes a blink; the pseudo-terminal paces its bytes and needs a little longer. */
const quick = { turnaroundMs: 1, replyDeadlineMs: 800, quietMs: 60 };

export async function raiseHouse(options: HouseOptions = {}): Promise<House> {
  const { carrier = "memory", clock = systemClock, log = silentLog } = options;
  const { payload = "raw", dtu } = options.mqtt ?? {};
  const chance = seededChance(7);
  const folder = mkdtempSync(join(tmpdir(), "street-"));
  const broker = carrier === "mqtt" ? await startEmbeddedBroker({ port: 0 }) : undefined;
  const plans = (options.meters ?? [{}, {}]).map((plan, n): MeterPlan => ({
    address: n === 0 ? A : B,
    bus: "bus-1",
    balance: "50.00",
    ...plan,
  }));
  const endpoint =
    carrier === "serial"
      ? { kind: carrier, link: join(folder, "tty") }
      : carrier === "mqtt"
        ? { kind: carrier, url: broker!.url, payload, dtu }
        : { kind: carrier };
  const simulator = await buildStreet({
    clock,
    chance: chance.child("street"),
    buses: [{ id: "bus-1", endpoint, ...(carrier === "serial" ? { baud: 9_600 } : {}), ...options.paced }],
    meters: plans,
  });
  simulator.pauseHouseholds();
  const at = simulator.endpoints[0]?.at ?? null;
  const transport: BusConfig["transport"] =
    carrier === "serial"
      ? { kind: "serial", path: String(at), baudRate: 9_600, dataBits: 8, parity: "even", stopBits: 1 }
      : carrier === "mqtt"
        ? { kind: "mqtt", ...topicsOf(dtu), payload }
        : options.paced === undefined
          ? { kind: "tcp", host: "127.0.0.1", port: Number(at ?? 0) }
          : { kind: "serial", path: "memory", baudRate: options.paced.baud, dataBits: 8, parity: "even", stopBits: 1 };
  const records = plans.map((plan): MeterRecord => {
    const record: MeterRecord = {
      address: MeterAddress(plan.address),
      meterNumber: plan.meterNumber ?? plan.address,
      customerNumber: plan.customerNumber ?? `00${plan.address.slice(2)}`,
      account: null,
      bus: BusId("bus-1"),
      model: (plan.model ?? "standard-wallet") as ModelName,
      relayPassword: null,
    };
    return options.records?.(record) ?? record;
  });
  const street = buildStreetLines({
    clock,
    chance: chance.child("lines"),
    log,
    security: options.security ?? softwareModule({ chance: chance.child("security"), log: silentLog, mode: "test" }),
    buses: [{ id: "bus-1", transport, ...quick, ...options.bus }],
    meters: records,
    timeZone: "Asia/Shanghai",
    ...(options.guard === undefined ? {} : { guard: options.guard }),
    ...(broker === undefined ? {} : { mqtt: { url: broker.url, pauseFirstMs: 10, pauseMaxMs: 50 } }),
    ...(carrier === "memory" ? { wires: new Map([["bus-1", () => memoryTransport(simulator)]]) } : {}),
  });
  return {
    simulator,
    street,
    clock,
    broker,
    session: (address = A) => street.session(address, { priority: Priority.person }),
    close: async () => {
      await street.close();
      await simulator.close();
      await broker?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const topicsOf = (dtu: string | undefined) => {
  const place = dtu === undefined ? "meters/{address}" : `dtu/${dtu}`;
  return { down: `${place}/down`, up: `${place}/up` };
};

/** The simulator's end of a memory bus, as a transport of ours. */
export function memoryTransport(simulator: SimulatedStreet, bus = "bus-1"): Transport {
  const listeners = new Listeners();
  const end = simulator.memoryEnd(bus);
  let isOpen = false;
  end.onBytes((bytes) => listeners.received(bytes));
  const close = (): Promise<void> => {
    isOpen = false;
    end.close();
    listeners.closed("closed by us");
    return Promise.resolve();
  };
  return {
    name: `memory:${bus}`,
    get isOpen() {
      return isOpen;
    },
    open: () => Promise.resolve(void (isOpen = true)),
    send: (bytes) => {
      if (!isOpen) return Promise.reject(new Fault("line-down", {}));
      end.send(bytes);
      return Promise.resolve();
    },
    close,
    onReceived: (listener) => listeners.onReceived(listener),
    onClosed: (listener) => listeners.onClosed(listener),
  };
}
