/**
 * A bus that calls the gateway: one TCP connection at a time, a registration text when it stands, a heartbeat now and then, and
 * after each end another call. Pauses grow and are jittered by Chance, so that a street does not call in chorus; only a
 * connection over which something was heard starts them small again, or a gateway that hangs up would be rung at once for ever.
 *
 * What the caller says of itself is no frame. The gateway has to tell it from one, also when both come in one piece.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";
import type { Chance } from "../../src/kernel/chance.ts";
import type { Clock } from "../../src/kernel/clock.ts";
import type { Logger } from "../../src/kernel/log.ts";
import { fromHex } from "../bytes.ts";
import type { DialInPlan } from "../plans.ts";
import type { BusEnd, VirtualBus } from "../virtual-bus.ts";
import type { Delivery } from "../wires.ts";
import type { Endpoint } from "./endpoint.ts";

const HEARTBEAT_MS = 60_000;
const REDIAL_MS = 1_000;
const REDIAL_MS_MAX = 30_000;

interface Surroundings {
  readonly plan: DialInPlan;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
}

/** Returns at once: whether anybody answers the call is not the street's concern. */
export function openDialIn(bus: VirtualBus, around: Surroundings): Endpoint {
  const caller = new Caller(bus, around);
  const calling = caller.run();
  return {
    at: `${around.plan.host}:${around.plan.port}`,
    close: async () => {
      caller.close();
      await calling;
    },
  };
}

class Caller {
  readonly #bus: VirtualBus;
  readonly #around: Surroundings;
  readonly #end: BusEnd;
  readonly #ended = new AbortController();
  /** All that are open, those that were replaced too. */
  readonly #sockets = new Set<Socket>();
  #current: Socket | undefined;
  /** Ends the talk on the current connection in favour of another. */
  #replace: ((socket: Socket) => void) | undefined;
  #failures = 0;
  #isNameless = false;

  constructor(bus: VirtualBus, around: Surroundings) {
    this.#bus = bus;
    this.#around = around;
    this.#end = bus.join((bytes, delivery) => this.#deliver(bytes, delivery));
    bus.hands["dropped-connection"] = () => this.#current?.destroy();
    bus.hands["connection-reset"] = () => this.#current?.resetAndDestroy();
  }

  async run(): Promise<void> {
    const { clock, chance, plan } = this.#around;
    const { signal } = this.#ended;
    let next: Socket | undefined;
    while (!signal.aborted) {
      const socket = next ?? (await this.#dial());
      next = socket === undefined ? undefined : await this.#talk(socket);
      if (next !== undefined) continue;
      const limit = Math.min(REDIAL_MS_MAX, (plan.redialMs ?? REDIAL_MS) * 2 ** Math.min(this.#failures, 10));
      this.#failures += 1;
      await clock.wait(chance.next() * limit, signal);
    }
  }

  close(): void {
    this.#ended.abort();
    this.#end.leave();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** A connection on which the caller has said who it is, or none. */
  #dial(): Promise<Socket | undefined> {
    const { plan, log } = this.#around;
    return new Promise((resolve) => {
      const socket = connect({ host: plan.host, port: plan.port, noDelay: true });
      this.#sockets.add(socket);
      socket.on("error", (error) => log.debug({ bus: this.#bus.id, error: error.message }, "the call broke"));
      socket.once("close", () => {
        this.#sockets.delete(socket);
        resolve(undefined);
      });
      socket.once("connect", () => {
        const isHungUp = this.#bus.hangsUp;
        if (isHungUp) this.#bus.turnAway("hang-up");
        if (isHungUp || this.#ended.signal.aborted) {
          socket.destroy();
          return;
        }
        if (!this.#isNameless) this.#say(socket, plan.registration);
        this.#isNameless = false;
        resolve(socket);
      });
    });
  }

  /** Until the connection has ended, or another has taken its place: that one. */
  async #talk(socket: Socket): Promise<Socket | undefined> {
    this.#current = socket;
    const over = new AbortController();
    socket.on("data", (chunk: Buffer) => {
      if (this.#current !== socket) return;
      this.#failures = 0;
      this.#end.receive(new Uint8Array(chunk));
    });
    const beating = this.#beat(socket, over.signal);
    const next = await new Promise<Socket | undefined>((resolve) => {
      this.#replace = resolve;
      socket.once("close", () => resolve(undefined));
      if (socket.destroyed) resolve(undefined);
    });
    over.abort();
    this.#current = undefined;
    this.#replace = undefined;
    await beating;
    return next;
  }

  async #beat(socket: Socket, over: AbortSignal): Promise<void> {
    const { plan, clock } = this.#around;
    if (plan.heartbeat === undefined) return;
    for (;;) {
      await clock.wait(plan.heartbeatMs ?? HEARTBEAT_MS, over);
      if (over.aborted) return;
      this.#say(socket, plan.heartbeat);
    }
  }

  #deliver(bytes: Uint8Array, { manner }: Delivery): void {
    if (manner?.kind === "second-connection") {
      void this.#dial().then((socket) => {
        if (socket === undefined) return;
        if (this.#replace === undefined) {
          socket.destroy();
          return;
        }
        this.#replace(socket);
        socket.write(bytes);
      });
      return;
    }
    this.#current?.write(bytes);
    if (manner?.kind !== "missing-registration") return;
    this.#isNameless = true;
    this.#current?.destroySoon();
  }

  #say(socket: Socket, text: string | undefined): void {
    if (text === undefined || this.#bus.isHalfOpen) return;
    const [first] = this.#bus.meters.keys();
    const words = text.replaceAll("{address}", first ?? "").replaceAll("{bus}", this.#bus.id);
    socket.write(words.startsWith("hex:") ? fromHex(words.slice(4)) : words);
  }
}
