/**
 * The reception of one bus that is dialled from outside: its port, the seats of its lines, those who sit there, and those whom
 * nobody knows yet. What it keeps for strangers is bounded; those who are known are as many as the site file has callers.
 */
import type { Chance } from "../../kernel/chance.ts";
import { seconds, type Clock } from "../../kernel/clock.ts";
import { reasonOf } from "../../kernel/faults.ts";
import type { MeterAddress } from "../../kernel/ids.ts";
import type { Logger } from "../../kernel/log.ts";
import { TcpServer } from "../../transports/tcp-server.ts";
import type { CallersPicture } from "../meter.ts";
import type { LineTiming } from "../timing.ts";
import { CallerBook, type DialInBus } from "./caller-book.ts";
import { Quarantine } from "./quarantine.ts";
import { Seat } from "./seat.ts";
import { Visitor } from "./visitor.ts";

/** All callers of a street at once are strangers for a moment; a flood of others is not kept. */
export const STRANGERS_MAX = 1_024;

export interface ReceptionParts {
  readonly bus: DialInBus & { readonly transport: { readonly port: number; readonly host?: string | undefined } };
  readonly meters: readonly MeterAddress[];
  readonly timing: LineTiming;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
  /** Whether we drive this bus; callers who come while we do not are hung up on. */
  readonly isOurs?: () => boolean;
}

export class Reception {
  /** By line. */
  readonly seats: ReadonlyMap<string, Seat>;
  /** Connections that may be open. Two for each seat: after a break of the network a modem dials anew before its old one is given up. */
  readonly callersMax: number;
  readonly #parts: ReceptionParts;
  readonly #book: CallerBook;
  readonly #server: TcpServer;
  readonly #quarantine: Quarantine;
  /** Oldest first. */
  readonly #strangers = new Set<Visitor>();

  constructor(parts: ReceptionParts) {
    const { bus, meters, clock, log } = parts;
    this.#parts = parts;
    this.#book = new CallerBook(bus, meters);
    this.#quarantine = new Quarantine(clock, log);
    this.seats = new Map(
      [...this.#book.lines.keys()].map((line) => [line, new Seat(`tcp-server:${line}`, clock, log.child({ bus: line }))]),
    );
    this.callersMax = 2 * this.seats.size + STRANGERS_MAX;
    const { host = "127.0.0.1", port } = bus.transport;
    this.#server = new TcpServer(
      {
        host,
        port,
        callersMax: this.callersMax,
        onCaller: (caller) => this.#receive(new Visitor(caller, this.#visitorParts)),
        ...(parts.isOurs === undefined ? {} : { isExpecting: parts.isOurs }),
      },
      parts,
    );
  }

  get name(): string {
    return this.#server.name;
  }

  get isOpen(): boolean {
    return this.#server.isOpen;
  }

  get why(): string | null {
    return this.#server.why;
  }

  /** Resolves after the first try to listen. */
  start(): Promise<void> {
    return this.#server.start();
  }

  /** Sends everybody away; the port stays open. */
  hangUp(): Promise<void> {
    return this.#server.hangUp();
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  picture(): CallersPicture {
    return {
      connected: this.#server.callers,
      known: [...this.seats.values()].filter(({ isOpen }) => isOpen).length,
      quarantined: this.#quarantine.size,
      turnedAway: this.#server.turnedAway,
      quarantine: this.#quarantine.list(),
    };
  }

  get #visitorParts(): ConstructorParameters<typeof Visitor>[1] {
    const { clock, log, timing, bus } = this.#parts;
    const every = bus.dialIn?.heartbeatEverySeconds;
    return {
      clock,
      log,
      timing,
      book: this.#book,
      probes: bus.dialIn?.probe ?? true,
      heartbeatEveryMs: every === undefined ? undefined : seconds(every),
      seatOf: (line) => this.seats.get(line)!,
      onUnknown: (visitor) => this.#quarantine.take(visitor),
      onKnown: (visitor) => this.#noStranger(visitor),
      onGone: (visitor) => this.#noStranger(visitor),
    };
  }

  #receive(visitor: Visitor): void {
    this.#strangers.add(visitor);
    const [oldest] = this.#strangers;
    if (this.#strangers.size > STRANGERS_MAX) void oldest?.end("too many callers that nobody knows");
    visitor.receive().catch((error: unknown) => {
      this.#parts.log.debug({ caller: visitor.name, why: reasonOf(error) }, "a caller hung up before it was heard");
    });
  }

  #noStranger(visitor: Visitor): void {
    this.#strangers.delete(visitor);
    this.#quarantine.release(visitor);
  }
}
