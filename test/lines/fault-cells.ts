/**
 * One cell of the table of faults: one kind of fault, one thing that is asked, a street and a gateway of their own. Answers in what
 * a person sees, and lists everything that must never be: an order obeyed twice, another meter changed, money that does not
 * follow what the meter did, a value of before taken for the one of now.
 */
import { Instant, hours, minutes, systemClock, type Clock } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { isOpen, type Command } from "../../src/commands/command.ts";
import { startEmbeddedBroker } from "../../src/transports/embedded-broker.ts";
import { rowOf, type FaultKind, type FaultOrder } from "../../simulator/faults.ts";
import { ordersOnly } from "../../simulator/faults/sense.ts";
import { memoryTransport } from "../devices/house.ts";
import { plainOrder } from "../simulator/support/frames.ts";
import { Callee } from "./callee-transport.ts";
import { IdleClock } from "./idle-clock.ts";
import { addressOf, raiseWorld, type World } from "./world.ts";

export const operations = ["read", "top-up", "disconnect", "reconnect"] as const;
export type Operation = (typeof operations)[number];
type Carrier = "memory" | "tcp" | "dial-in" | "mqtt";

const A = addressOf(0);
const B = addressOf(1);
const RELAY = 0x1c;
const TRIP = 0x1a;
const BALANCE = "00900200";

/** What of an operation the fault is aimed at: the exchange that does it. */
const target: Readonly<Record<Operation, { readonly function: string; readonly di?: string }>> = {
  read: { function: "11", di: BALANCE },
  "top-up": { function: "03", di: "070102FF" },
  disconnect: { function: "1C" },
  reconnect: { function: "1C" },
};

/** A kind that needs a certain way to the meters is tried on it, all others on two wires at 2400 baud. */
export function carrierOf(kind: FaultKind): Carrier {
  const { endpoints } = rowOf(kind);
  if (endpoints === undefined) return "memory";
  const [first] = endpoints;
  return first === undefined || first === "serial" ? "memory" : first;
}

export interface Cell {
  readonly outcome: string;
  /** What must not be, and was. */
  readonly wrongs: readonly string[];
  /** By what the gateway's own picture of the line told of it. */
  readonly noticed: readonly string[];
}

/** On sockets bytes take the time of the machine; in memory time passes by itself. */
interface Patience {
  /** For a connection that broke to be made again. */
  readonly betweenMs: number;
  readonly faultMs: number;
  readonly endMs: number;
}
const patience = (carrier: Carrier): Patience =>
  carrier === "memory"
    ? { betweenMs: 0, faultMs: minutes(12), endMs: hours(80) }
    : { betweenMs: 1_500, faultMs: 15_000, endMs: 40_000 };

export async function runCell(kind: FaultKind, operation: Operation): Promise<Cell> {
  const carrier = carrierOf(kind);
  const clock: Clock = carrier === "memory" ? new IdleClock() : systemClock;
  const { world, close } = await raise(carrier, kind, clock);
  try {
    await lineOpen(world, clock);
    if (operation === "reconnect")
      world.simulator.meter(A).hear({ address: A, control: RELAY, data: plainOrder(TRIP, { deadline: "991231235959" }) });
    const before = { a: world.simulator.snapshot(A), b: world.simulator.snapshot(B) };
    place(world, kind, operation);
    const wrongs: string[] = [];
    const outcome =
      operation === "read"
        ? await readCell(world, clock, patience(carrier), wrongs)
        : await commandCell(world, { kind, operation }, patience(carrier), wrongs, before.a);
    if (carrier === "memory") await clock.wait(5_000); // whatever is still on its way comes now
    const other = world.simulator.snapshot(B);
    if (JSON.stringify([other.balance, other.relay, other.relayOrder, other.obeyed]) !== JSON.stringify(keptOf(before.b)))
      wrongs.push("another meter was changed");
    return { outcome, wrongs, noticed: carrier === "memory" ? noticedIn(world) : [] };
  } finally {
    await close();
    if (clock instanceof IdleClock) clock.stop();
  }
}

type Snapshot = ReturnType<World["simulator"]["snapshot"]>;
const keptOf = ({ balance, relay, relayOrder, obeyed }: Snapshot): unknown[] => [balance, relay, relayOrder, obeyed];

function place(world: World, kind: FaultKind, operation: Operation): void {
  const { parameters, on, lasts } = rowOf(kind);
  // What spoils orders alone cannot be aimed at a reading: there it stands and finds nothing to spoil.
  const isAimed = lasts === "once" && "function" in parameters && !(operation === "read" && ordersOnly.includes(kind));
  const order: FaultOrder = {
    kind,
    ...(isAimed ? target[operation] : {}),
    ...(kind === "swapped-addresses" ? { with: B } : {}),
  };
  // Contacts that are welded show by what flows through them.
  if (kind === "welded-relay" && operation === "disconnect") {
    world.simulator.patch(A, { loadKw: 1 });
    world.simulator.patch(B, { loadKw: 0 });
    world.simulator.resumeHouseholds();
  }
  // A line that is open stays open whoever hangs up on the next: so it is broken first.
  if (kind === "hang-up") world.simulator.setBusFault("bus-1", { kind: "dropped-connection", ...target[operation] });
  if (on === "meter") world.simulator.setFault(A, order);
  else world.simulator.setBusFault("bus-1", order);
}

function mend(world: World): void {
  world.simulator.clearFaults(A);
  world.simulator.clearBusFaults("bus-1");
}

// ---- a reading ----

async function readCell(world: World, clock: Clock, { faultMs, betweenMs }: Patience, wrongs: string[]): Promise<string> {
  const read = async (): Promise<string> => {
    try {
      return (await world.read(A, ["balance"]))[0]!.value ?? "nothing";
    } catch (error) {
      if (isFault(error)) return error.code;
      throw error;
    }
  };
  const first = tellRead(await read(), world);
  // Another truth from now on: whatever still says what it said is a frame of before.
  const of = world.simulator.snapshot(A).balance;
  world.simulator.patch(A, { balance: "61.00" });
  await clock.wait(betweenMs);
  let second = await read();
  const believed = () => {
    if (second === of) wrongs.push(`a frame of before was believed: ${second}`);
  };
  believed();
  const then = tellRead(second, world);
  if (then === RIGHT) return first;
  await clock.wait(Math.min(faultMs, minutes(6)));
  mend(world);
  for (let tries = 0; tries < 40 && second !== "61.00"; tries += 1) {
    await clock.wait(500);
    second = await read();
    believed();
  }
  if (second !== "61.00") wrongs.push(`after mending: ${second}`);
  return `${first === then ? first : `${first}, then ${then}`}; mended: ${RIGHT}`;
}

const RIGHT = "right value";
const tellRead = (read: string, world: World): string => {
  if (!/^\d/.test(read)) return read;
  if (read === world.simulator.snapshot(A).balance) return RIGHT;
  return read === world.simulator.snapshot(B).balance ? "another meter's value" : "a wrong value";
};

// ---- a command ----

async function commandCell(
  world: World,
  { kind, operation }: { readonly kind: FaultKind; readonly operation: Exclude<Operation, "read"> },
  { faultMs, endMs }: Patience,
  wrongs: string[],
  before: Snapshot,
): Promise<string> {
  const id = operation === "top-up" ? await world.topUp(A, "20.00") : await world.order(operation, A);
  let command = await world.ended(id, faultMs);
  let told = tell(command);
  if (isOpen(command.state)) {
    mend(world);
    command = await world.ended(id, endMs);
    told = `${told}; mended: ${tell(command)}`;
  }
  judge(world, { operation, kind }, command, wrongs, before);
  for (const { outcome } of (await world.books.stores.commands.attempts(id)).slice(0, -1))
    if (!outcome.endsWith(": not-done")) wrongs.push(`sent again after "${outcome}"`);
  return told;
}

const tell = ({ state, because, waitingFor }: Command): string => {
  const why = isOpen(state) ? (waitingFor ?? "") : because;
  return why === null || why === "" ? state : `${state} (${why})`;
};

function judge(
  world: World,
  { kind, operation }: { readonly kind: FaultKind; readonly operation: Exclude<Operation, "read"> },
  { id, state }: Command,
  wrongs: string[],
  before: Snapshot,
): void {
  const now = world.simulator.snapshot(A);
  const deed = ({ "top-up": "topUps", disconnect: "disconnects", reconnect: "reconnects" } as const)[operation];
  const obeyed = now.obeyed[deed] - before.obeyed[deed];
  if (isOpen(state)) wrongs.push(`still ${state} when everything was mended`);
  // A broker that says an order again is not our doing, and an order that sets may be obeyed again; a top-up may not.
  const mayRepeat = kind === "mqtt-retained-order" && operation !== "top-up";
  if (obeyed > 1 && !mayRepeat) wrongs.push(`obeyed ${obeyed} times`);
  if (state === "confirmed" && obeyed < 1) wrongs.push(`confirmed, and obeyed ${obeyed} times`);
  if (["refused", "expired", "cancelled"].includes(state) && obeyed !== 0) wrongs.push(`${state}, and obeyed all the same`);
  if (operation === "top-up") {
    const money = world.books.moneyOf(id);
    const due = { confirmed: "settled", refused: "released", expired: "released", cancelled: "released" }[state as string];
    if (money !== due) wrongs.push(`${state}, and the money is ${money ?? "held"}`);
  } else if (state === "confirmed" && now.relay !== (operation === "disconnect" ? "disconnected" : "connected"))
    wrongs.push(`confirmed, and the relay is ${now.relay}`);
}

// ---- the world around it ----

async function raise(carrier: Carrier, kind: FaultKind, clock: Clock): Promise<{ world: World; close: () => Promise<void> }> {
  const meters = [
    { loadKw: 0, balance: "50.00" },
    { loadKw: 0, balance: "77.00" },
  ];
  /** On sockets: short, or a table of silences would take an afternoon. */
  const brisk = { turnaroundMs: 1, replyDeadlineMs: 700, quietMs: 150 };
  switch (carrier) {
    case "memory": {
      const world = await raiseWorld({
        clock,
        meters,
        bus: { endpoint: { kind: "memory" }, baud: 2_400, wakeUps: 4 },
        reach: () => ({
          transport: { kind: "serial", path: "/dev/none", baudRate: 2_400, dataBits: 8, parity: "even", stopBits: 1 },
        }),
        wires: (simulator) => () => memoryTransport(simulator),
      });
      return { world, close: () => world.close() };
    }
    case "tcp": {
      const world = await raiseWorld({
        clock,
        meters,
        bus: { endpoint: { kind: "tcp", port: 0 } },
        reach: ({ endpoints }) => ({ transport: { kind: "tcp", host: "127.0.0.1", port: Number(endpoints[0]!.at) }, ...brisk }),
      });
      return { world, close: () => world.close() };
    }
    case "dial-in": {
      const callee = await Callee.listen();
      const world = await raiseWorld({
        clock,
        meters,
        bus: { endpoint: { kind: "dial-in", host: "127.0.0.1", port: callee.port, registration: "REG", redialMs: 10 } },
        // the door is the test's own, so the line is spoken to as any other of the kind
        reach: () => ({ transport: { kind: "tcp", host: "127.0.0.1", port: callee.port }, ...brisk }),
        wires: () => () => callee.transport(),
      });
      return {
        world,
        close: async () => {
          await world.close();
          await callee.close();
        },
      };
    }
    case "mqtt": {
      const broker = await startEmbeddedBroker({ port: 0 });
      const payload = kind === "mqtt-wrong-msg-id" ? "json" : "raw";
      const world = await raiseWorld({
        clock,
        meters,
        bus: { endpoint: { kind: "mqtt", url: broker.url, payload } },
        reach: () => ({
          transport: { kind: "mqtt", down: "meters/{address}/down", up: "meters/{address}/up", payload },
          ...brisk,
        }),
        mqtt: { url: broker.url, pauseFirstMs: 10, pauseMaxMs: 50 },
      });
      return {
        world,
        close: async () => {
          await world.close();
          await broker.close();
        },
      };
    }
  }
}

async function lineOpen(world: World, clock: Clock): Promise<void> {
  const until = Instant(clock.now() + 10_000);
  while (!world.street.buses().every(({ open }) => open)) {
    if (clock.now() > until) throw new Error("the line did not open");
    await clock.wait(10);
  }
}

function noticedIn(world: World): string[] {
  const [bus] = world.street.buses();
  const { echoes, late, noiseBytes, silences, otherMaster } = bus!;
  return [
    ...(silences > 0 ? ["silence"] : []),
    ...(noiseBytes > 0 ? ["noise"] : []),
    ...(echoes > 0 ? ["echo"] : []),
    ...(late > 0 ? ["late reply"] : []),
    ...(otherMaster === null ? [] : ["another master"]),
  ];
}
