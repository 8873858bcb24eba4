/**
 * One bus of the street: the meters on it, the wires that carry it, and what is broken about it.
 *
 * A TCP, serial or memory bus is one pair of wires that all its clients and meters share, and so is the bus behind a DTU. Over MQTT
 * without one every meter has wires of its own (its radio), so nothing collides there; they still report one bus, because people
 * think of them as one.
 */
import type { Chance } from "../src/kernel/chance.ts";
import type { Clock } from "../src/kernel/clock.ts";
import type { Logger } from "../src/kernel/log.ts";
import { BROADCAST, isFor, isOneName } from "./behaviours/address.ts";
import type { Answer } from "./behaviours/behaviour.ts";
import { drift, isDark, twinOf, underItsNumbers } from "./bodies.ts";
import { joined } from "./bytes.ts";
import type { FaultKind, StandingFault } from "./faults.ts";
import { FaultShelf, rowOf, setting } from "./faults.ts";
import type { FrameLog } from "./frame-log.ts";
import { Heard, moments } from "./heard.ts";
import type { Came } from "./heard.ts";
import { LazyMap } from "./lazy-map.ts";
import { LineRate } from "./line-rate.ts";
import { carried, shorted } from "./line-trouble.ts";
import { foreignExchange, ownName, Swaps } from "./mistaken.ts";
import { obey } from "./obeying.ts";
import type { BusPlan } from "./plans.ts";
import type { Renamed } from "./renamed.ts";
import { fitsExchange, spoil, strikesUnanswered } from "./spoiling.ts";
import type { Reach } from "./spoiling.ts";
import type { Reply, Spoken } from "./spoken.ts";
import { spoken, superposed } from "./spoken.ts";
import { keepsContents } from "./state/keeping.ts";
import type { Keeps } from "./state/keeping.ts";
import type { VirtualMeter } from "./virtual-meter.ts";
import type { HeardFrame } from "./wire.ts";
import { FrameReader, writeFrame } from "./wire.ts";
import type { Company, Deliver, Timing } from "./wires.ts";
import { Wires } from "./wires.ts";

export const SERIAL_BAUD = 2_400;
const PACED_ANSWER_DELAY_MS = 20;
const SERIAL_WAKE_UPS = 4;

type Said = Exclude<Answer, "silent">;
/** What a meter says under which name, and what is wrong with it. */
interface ToSay {
  readonly meter: VirtualMeter;
  readonly name: string;
  readonly fault: StandingFault | undefined;
  readonly answer: Said | undefined;
}

/** One party on the wires: bytes in by `receive`, bytes out by the function it was joined with. */
export interface BusEnd {
  /** The label comes back with each answer. */
  receive(bytes: Uint8Array, label?: unknown): void;
  leave(): void;
}

export interface BusSurroundings {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
  readonly frames: FrameLog;
  /** The meter that was announced under this address, made now. */
  readonly meterAt?: ((address: string) => VirtualMeter) | undefined;
  /** Who has another address than the planned one. */
  readonly renamed: Renamed;
  /** Asked before each exchange: something may have gone wrong by itself. */
  readonly weather?: (() => void) | undefined;
  /** Called before bytes are carried: what is appointed for an earlier moment happens first. */
  readonly timePasses?: (() => void) | undefined;
}

export class VirtualBus {
  readonly plan: BusPlan;
  readonly id: string;
  readonly faults = new FaultShelf("bus");
  readonly baud: number | undefined;
  readonly rate: LineRate;
  readonly timing: Timing;
  readonly wakeUps: number;
  /** What an endpoint does to its connections when a fault of this kind strikes; set by the endpoint. */
  readonly hands: Partial<Record<FaultKind, () => void>> = {};
  readonly swaps: Swaps;
  readonly #around: BusSurroundings;
  readonly #heard: Heard;
  readonly #lineChance: Chance;
  readonly #renamed: Renamed;
  readonly #meters: LazyMap<VirtualMeter>;
  readonly #shared: Wires | undefined;
  readonly #own = new Map<VirtualMeter, Wires>();
  readonly #previous = new Map<string, Uint8Array>();
  readonly #keptBack = new Map<string, Uint8Array>();
  #joined = 0;

  constructor(plan: BusPlan, around: BusSurroundings) {
    this.plan = plan;
    this.id = plan.id;
    this.#around = around;
    this.#heard = new Heard(plan.id, around.frames, this.faults);
    this.#lineChance = around.chance.child("line");
    this.#renamed = around.renamed;
    this.#meters = new LazyMap((address) => {
      const meter = around.meterAt?.(address);
      if (meter === undefined) throw new Error(`bus ${plan.id}: nobody makes ${address}`);
      return this.#wired(meter);
    });
    this.swaps = new Swaps(this.#meters);
    const isSerial = plan.endpoint.kind === "serial";
    this.baud = plan.baud ?? (isSerial ? SERIAL_BAUD : undefined);
    const rate = (this.rate = new LineRate(around.clock, this.baud));
    this.timing = {
      get msPerByte() {
        return rate.msPerByte;
      },
      answerDelayMs: plan.answerDelayMs ?? (this.baud === undefined ? 0 : PACED_ANSWER_DELAY_MS),
    };
    this.wakeUps = plan.wakeUps ?? (isSerial ? SERIAL_WAKE_UPS : 0);
    const isRadio = plan.endpoint.kind === "mqtt" && plan.endpoint.dtu === undefined;
    this.#shared = isRadio ? undefined : this.#wires((request) => this.#named(request), false);
  }

  get meters(): ReadonlyMap<string, VirtualMeter> {
    return this.#meters;
  }

  /** Nothing passes between the endpoint and whoever is connected to it. */
  get isHalfOpen(): boolean {
    return this.faults.has("half-open") !== undefined;
  }

  /** Whoever calls is sent away. Asked while nobody talks: what is over by now is over. */
  get hangsUp(): boolean {
    this.#around.timePasses?.();
    return this.faults.has("hang-up") !== undefined;
  }

  /** A meter that is made when somebody asks for it. */
  announce(address: string): void {
    this.#meters.expect(address);
  }

  /** Joins the shared wires. */
  join(deliver: Deliver): BusEnd {
    const wires = this.#shared;
    if (wires === undefined) throw new Error(`bus ${this.id} has no shared wires: its meters are reached one by one`);
    wires.join(deliver);
    const connection = String((this.#joined += 1));
    const ear = this.#ear(connection, (said) => wires.interject(said));
    return {
      receive: (bytes, label) => {
        for (const frame of ear.receive(bytes)) wires.request(frame, deliver, label);
      },
      leave: () => {
        ear.end();
        wires.leave(deliver);
      },
    };
  }

  /** Bytes for one meter on wires of its own; `deliver` is joined the first time, and gets the label back with each answer. */
  receiveFor(meter: VirtualMeter, bytes: Uint8Array, deliver: Deliver, label?: unknown): void {
    let wires = this.#own.get(meter);
    if (wires === undefined) {
      wires = this.#wires(() => [meter], true);
      wires.join(deliver);
      this.#own.set(meter, wires);
    }
    const own = wires;
    const ear = this.#ear(meter.plan.address, (said) => own.interject(said));
    for (const frame of ear.receive(bytes)) wires.request(frame, deliver, label);
    ear.end();
  }

  /** Somebody was let in and put out again at once. */
  turnAway(fault: FaultKind): void {
    this.#heard.turnedAway(fault);
  }

  /** What must come back when a street is loaded; what is under way on the wires does not. */
  get parts(): readonly Keeps[] {
    return [
      ...[this.faults, this.swaps, this.rate.keepsFor(this.#meters)],
      keepsContents("said", { previous: this.#previous, keptBack: this.#keptBack }),
    ];
  }

  /**
   * A request as it was heard once, or sent once, beside the wires: what came of it and when, and nothing waits. What was heard
   * already is not changed by the line again. On a bus of radios, by one meter.
   */
  hearAgain(bytes: Uint8Array, connection?: string, isSent = false): Came[] {
    const one = this.#shared === undefined ? this.#meters.get(connection ?? "") : undefined;
    const from = connection === undefined ? {} : { connection };
    // Wires whose rate was changed fall back when somebody asks them and it is time.
    const { baud: _baud } = this.rate;
    const shorts: Spoken[] = [];
    const frames = isSent
      ? this.#ear(connection ?? "", (said) => void shorts.push(said)).receive(bytes)
      : new FrameReader().push(bytes, 0).map((frame) => ({ ...frame, ...from }));
    const answers = frames.map((frame) => this.#answer(frame, one === undefined ? this.#named(frame) : [one]));
    return [shorts, ...answers].flatMap((said) => {
      const outAt = moments(said, this.timing);
      return said.map((each, i) => ({ said: each, bytes: this.#carried(each.bytes), afterMs: outAt[i]! }));
    });
  }

  close(): void {
    this.#shared?.close();
    for (const wires of this.#own.values()) wires.close();
  }

  get #line(): { baud: number; chance: Chance } {
    return { baud: this.rate.baud ?? SERIAL_BAUD, chance: this.#lineChance };
  }

  /** The meters' side of one connection: what it gets of what was sent; what the wires say to that themselves goes to `interject`. */
  #ear(connection: string, interject: (said: Spoken) => void) {
    let sentAs: number | undefined;
    const reader = new FrameReader((bytes) => this.#around.frames.addNoise({ bus: this.id, bytes, connection, sentAs }));
    const receive = (bytes: Uint8Array): HeardFrame[] => {
      this.#around.timePasses?.();
      const short = this.isHalfOpen ? undefined : this.faults.has("bus-short");
      const noise = short === undefined ? undefined : shorted(bytes, short, this.#lineChance);
      const heard = carried(bytes, "to-meter", this.faults, this.#line);
      sentAs = this.#heard.sent(bytes, heard, connection);
      if (noise !== undefined)
        interject(spoken(noise, { because: "bus-short", ...(sentAs === undefined ? {} : { re: sentAs }) }));
      return reader.push(heard, this.#around.clock.now()).map((frame) => ({ ...frame, connection, sentAs }));
    };
    return { receive, end: () => reader.end() };
  }

  /** What comes out at the far end of what the meters' side says. */
  #carried(bytes: Uint8Array): Uint8Array {
    return carried(bytes, "from-meter", this.faults, this.#line);
  }

  #wired(meter: VirtualMeter): VirtualMeter {
    if (this.#shared !== undefined) meter.line = this.rate;
    return meter;
  }

  /** Those that have this address now: the planned one unless it has another by now, and whoever was given this one. */
  named(address: string): VirtualMeter[] {
    const planned = this.#meters.has(address) && this.#renamed.nameOf(address) === address ? [this.#meters.get(address)!] : [];
    const given = this.#renamed.at(address).filter(({ plan }) => plan.bus === this.id);
    return [...planned, ...given.map(({ plan }) => this.#meters.get(plan.address)!)];
  }

  /** Those whom this request means; wildcards are held against every name. */
  *#named(request: HeardFrame): Generator<VirtualMeter> {
    if (isOneName(request.address)) yield* this.named(request.address);
    else
      for (const planned of this.#meters.keys())
        if (isFor(request, this.#renamed.nameOf(planned))) yield this.#meters.get(planned)!;
  }

  #wires(meters: (request: HeardFrame) => Iterable<VirtualMeter>, takesTurns: boolean): Wires {
    const company: Company = {
      answer: (request) => this.#answer(request, meters(request)),
      carry: (bytes) => this.#carried(bytes),
      came: (said, put, came) => this.#heard.came(said, put, came),
      handedOver: (said, how) => this.#heard.handedOver(said, how),
      lost: (request) => void this.#note(request, "collision"),
      failed: (error) => this.#around.log.error({ bus: this.id, error: String(error) }, "an exchange broke off"),
    };
    return new Wires({ clock: this.#around.clock, timing: this.timing, company, takesTurns });
  }

  #answer(request: HeardFrame, meters: Iterable<VirtualMeter>): Spoken[] {
    this.#around.timePasses?.();
    this.rate.heard();
    this.#around.weather?.();
    const hearers = this.#hearers(request, meters).filter(({ meter }) => !isDark(meter));
    const reach: Reach = hearers.length === 0 ? "nobody" : request.address === BROADCAST ? "listeners" : "answerer";
    const fits = (fault: StandingFault): boolean => fitsExchange(fault, request, reach);
    const busFault = this.faults.find(fits);
    const isEcho = busFault?.kind === "echo";
    const out: Spoken[] = isEcho ? [spoken(request.raw, { isEcho: true, because: "echo" })] : [];
    const replies: Spoken[][] = [];
    let isSpent = busFault !== undefined && strikesUnanswered(busFault.kind);
    if (busFault !== undefined && isSpent) this.faults.spend(busFault);
    let noted: number | undefined;
    for (const { meter, name } of hearers) {
      const own = busFault !== undefined && !isEcho ? undefined : meter.faults.find(fits);
      const fault = isEcho ? own : (busFault ?? own);
      if (fault?.kind === "foreign-master") out.push(...foreignExchange(meter, name, this.wakeUps));
      const answer = this.#obeyed(request, meter, fault);
      const isStruck = fault !== undefined && (answer !== undefined || strikesUnanswered(fault.kind));
      if (isStruck && fault === own) meter.faults.spend(fault);
      if (isStruck && fault === busFault && !isSpent) {
        this.faults.spend(fault);
        isSpent = true;
      }
      noted ??= this.#note(request, isStruck ? fault.kind : undefined);
      replies.push(this.#reply(request, { meter, name, fault, answer }), ...this.#twinReply(request, meter, name));
    }
    const re = noted ?? this.#note(request, busFault?.kind, true);
    const spokenBy = replies.filter((reply) => reply.length > 0);
    const said = this.#dripped([...out, ...this.#together(spokenBy)]);
    const all = spokenBy.flatMap(([first]) => first?.of ?? []);
    return this.#heard.replies(all, said, { re, timing: this.timing });
  }

  /** What a meter does, and what it would say: nothing, whether it has not heard or keeps silent. */
  #obeyed(request: HeardFrame, meter: VirtualMeter, fault: StandingFault | undefined): Said | undefined {
    drift(meter);
    const answer = underItsNumbers(meter, () => obey(request, meter, fault));
    return answer === "silent" ? undefined : answer;
  }

  #reply(request: HeardFrame, { meter, name, fault, answer }: ToSay): Spoken[] {
    if (answer === undefined) return [];
    const frame = ownName(request, { address: name, ...answer }, meter);
    const previous = this.#previous.get(name);
    const around = { wakeUps: this.wakeUps, chance: this.#around.chance, isRadio: this.#shared === undefined, previous };
    this.#previous.set(name, writeFrame(frame, this.wakeUps));
    if (fault !== undefined) this.hands[fault.kind]?.();
    const manner = fault !== undefined && rowOf(fault.kind).on === "endpoint" ? fault : undefined;
    const slow = meter.faults.has("slow-meter");
    const said = this.#gathered(
      name,
      fault,
      spoil(frame, fault, around).map((each, i) => ({
        ...each,
        manner,
        afterMs: each.afterMs + (slow === undefined || i > 0 ? 0 : setting(slow, "delayMs")),
      })),
    );
    const reply: Reply = { meter: name, bytes: joined(...said.map(({ bytes }) => bytes)), fault: fault?.kind };
    return said.map((each) => ({ ...each, of: [reply] }));
  }

  /** A reply that is kept back comes in one piece with the next on the same wires. */
  #gathered(name: string, fault: StandingFault | undefined, said: Spoken[]): Spoken[] {
    const [first, ...rest] = said;
    if (first === undefined) return said;
    const wires = this.#shared === undefined ? name : "";
    const bytes = joined(this.#keptBack.get(wires) ?? new Uint8Array(0), first.bytes);
    this.#keptBack.delete(wires);
    if (fault?.kind !== "merged-reply") return [{ ...first, bytes }, ...rest];
    this.#keptBack.set(wires, bytes);
    return [];
  }

  #twinReply(request: HeardFrame, meter: VirtualMeter, name: string): Spoken[][] {
    const two = twinOf(meter);
    if (two === undefined) return [];
    const answer = this.#obeyed(request, two.twin, undefined);
    const [first, ...rest] = this.#reply(request, { meter: two.twin, name, fault: undefined, answer });
    return first === undefined ? [] : [[{ ...first, afterMs: first.afterMs + two.delayMs }, ...rest]];
  }

  /** Several answering at once spoil each other's answer; one that waits, and radios, are heard one after the other. */
  #together(replies: readonly Spoken[][]): Spoken[] {
    const atOnce = replies.filter(([first]) => this.#shared !== undefined && first!.afterMs === 0);
    if (atOnce.length < 2) return replies.flat();
    const bytes = atOnce.map((reply) => joined(...reply.map((each) => each.bytes))).reduce(superposed);
    const of = atOnce.flatMap(([first]) => first!.of ?? []);
    return [{ ...atOnce[0]![0]!, bytes, of }, ...replies.filter((reply) => !atOnce.includes(reply)).flat()];
  }

  #dripped(said: Spoken[]): Spoken[] {
    const fault = this.faults.has("slow-drip");
    if (fault === undefined) return said;
    const gapMs = setting(fault, "gapMs");
    return said.flatMap((each) =>
      Array.from(each.bytes, (byte) => ({ ...each, bytes: Uint8Array.of(byte), afterMs: each.afterMs + gapMs })),
    );
  }

  #hearers(request: HeardFrame, meters: Iterable<VirtualMeter>): { meter: VirtualMeter; name: string }[] {
    const asked = [...meters].filter((meter) => isFor(request, meter.address) && this.rate.understands(meter));
    return asked.map((meter) => ({ meter: this.swaps.inPlaceOf(meter), name: meter.address }));
  }

  #note(request: HeardFrame, fault: string | undefined, isForNobody = false): number {
    const { address: meter, control, raw: bytes, connection, sentAs } = request;
    const direction = (control & 0x80) === 0 ? "request" : "reply";
    return this.#around.frames.add({ bus: this.id, meter, direction, bytes, fault, connection, sentAs, isForNobody });
  }
}
