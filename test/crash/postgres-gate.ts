/**
 * The gate before PostgreSQL. It reads the messages of the protocol (version 3.0) as far as it has to: which statement is said with which
 * values, where a transaction is committed, and when the server is done answering.
 *
 * A statement is prepared once and afterwards only bound by its name, so the texts are remembered for each connection. Where a trap stops:
 *
 *     before     the statement itself is set aside                committing   so is the COMMIT of the transaction it is part of
 *     done       its answer is set aside: it is done, unheard     committed    so is the answer to that COMMIT: it is durable, unheard
 */
import { openGate, type Gate, type Ruling, type Watcher, type Way } from "./gate.ts";

export interface Trap {
  /** Of the statement, with single spaces. */
  readonly said: RegExp;
  /** Whether it is about our order, by its values and who says it. */
  readonly about: (values: readonly string[], application: string) => boolean;
  readonly at: "before" | "done" | "committing" | "committed";
  sprung: boolean;
}

export interface PostgresGate extends Gate {
  arm(trap: Trap): void;
  /** Whether any trap for this statement has sprung: one that waits for nobody's order stops them all. */
  hasSprung(said: RegExp): boolean;
  disarm(): void;
  /** Commands of this meter whose row was written through this gate. */
  commandsOf(meter: string): ReadonlySet<string>;
}

const TYPE_BYTES = 1;
const LENGTH_BYTES = 4;
const PROTOCOL_3 = 196_608;

class Said implements Watcher {
  readonly #traps: ReadonlySet<Trap>;
  readonly #tell: (values: readonly string[]) => void;
  readonly #texts = new Map<string, string>();
  readonly #marked = new Set<Trap>();
  #application = "";
  #started = false;
  #isStopped: Record<Way, boolean> = { there: false, back: false };
  /** Sprung when the server has answered to the end. */
  #unheard: Trap[] = [];

  constructor(traps: ReadonlySet<Trap>, tell: (values: readonly string[]) => void) {
    this.#traps = traps;
    this.#tell = tell;
  }

  goOn(): void {
    this.#isStopped = { there: false, back: false };
  }

  packetBytes(way: Way, bytes: Buffer): number {
    const typed = way === "back" || this.#started ? TYPE_BYTES : 0;
    return bytes.length < typed + LENGTH_BYTES ? 0 : typed + bytes.readUInt32BE(typed);
  }

  rule(way: Way, packet: Buffer): Ruling {
    if (way === "back") return this.#answer(packet);
    if (!this.#started) {
      this.#start(packet);
      return "pass";
    }
    if (this.#isStopped.there) return "aside";
    const [text, values] = this.#read(packet);
    return text !== null && this.#say(text, values) === "stop" ? "aside" : "pass";
  }

  #start(packet: Buffer): void {
    this.#started = packet.readUInt32BE(LENGTH_BYTES) === PROTOCOL_3; // else a wish to cancel: nothing follows
    const words = packet
      .subarray(2 * LENGTH_BYTES)
      .toString()
      .split("\0");
    this.#application = words[words.indexOf("application_name") + 1] ?? "";
  }

  /** What is said here, if this message says something: Query, or Bind of what Parse has named. */
  #read(packet: Buffer): readonly [string | null, readonly string[]] {
    const body = new Cursor(packet.subarray(TYPE_BYTES + LENGTH_BYTES));
    switch (String.fromCharCode(packet[0]!)) {
      case "P": {
        const name = body.text();
        this.#texts.set(name, body.text());
        return [null, []];
      }
      case "B": {
        body.text();
        const text = this.#texts.get(body.text()) ?? "";
        return [text, body.values()];
      }
      case "Q":
        return [body.text(), []];
      default:
        return [null, []];
    }
  }

  #say(given: string, values: readonly string[]): "stop" | "go on" {
    const text = given.replaceAll(/\s+/g, " ").trim();
    if (/^INSERT INTO commands/.test(text)) this.#tell(values);
    if (/^(BEGIN|ROLLBACK)/.test(text)) this.#marked.clear();
    for (const trap of this.#traps) {
      if (trap.sprung || !trap.said.test(text) || !trap.about(values, this.#application)) continue;
      if (trap.at === "before") this.#stop(trap);
      else if (trap.at === "done") this.#holdAnswer(trap);
      else this.#marked.add(trap);
    }
    if (text === "COMMIT") {
      for (const trap of this.#marked)
        if (trap.at === "committing") this.#stop(trap);
        else this.#holdAnswer(trap);
      this.#marked.clear();
    }
    return this.#isStopped.there ? "stop" : "go on";
  }

  #stop(trap: Trap): void {
    this.#isStopped.there = true;
    trap.sprung = true;
  }

  #holdAnswer(trap: Trap): void {
    this.#isStopped.back = true;
    this.#unheard.push(trap);
  }

  #answer(packet: Buffer): Ruling {
    if (!this.#isStopped.back) return "pass";
    if (packet[0] === "Z".charCodeAt(0)) for (const trap of this.#unheard.splice(0)) trap.sprung = true;
    return "aside";
  }
}

class Cursor {
  readonly #bytes: Buffer;
  #at = 0;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  text(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    const text = this.#bytes.toString("utf8", this.#at, end);
    this.#at = end + 1;
    return text;
  }
  #number(bytes: 2 | 4): number {
    const value = this.#bytes.readIntBE(this.#at, bytes);
    this.#at += bytes;
    return value;
  }
  /** Of a Bind: formats first, then each value after its length; NULL reads as nothing. */
  values(): readonly string[] {
    const formats = this.#number(2);
    this.#at += 2 * formats;
    return Array.from({ length: this.#number(2) }, () => {
      const size = this.#number(4);
      if (size < 0) return "";
      this.#at += size;
      return this.#bytes.toString("utf8", this.#at - size, this.#at);
    });
  }
}

/** Where an inserted command's id and meter stand among the values. */
const COMMAND_ID = 0;
const COMMAND_METER = 3;

export async function openPostgresGate(serverPort: number): Promise<PostgresGate> {
  const traps = new Set<Trap>();
  const connections = new Set<Said>();
  const commands = new Map<string, Set<string>>();
  const commandsOf = (meter: string): Set<string> => commands.get(meter) ?? commands.set(meter, new Set()).get(meter)!;
  const gate = await openGate(serverPort, () => {
    const said = new Said(traps, (values) => commandsOf(values[COMMAND_METER]!).add(values[COMMAND_ID]!));
    connections.add(said);
    return said;
  });
  return {
    ...gate,
    commandsOf,
    arm: (trap) => void traps.add(trap),
    hasSprung: (said) => [...traps].some((trap) => trap.sprung && trap.said.source === said.source),
    disarm: () => traps.clear(),
    release: () => {
      for (const connection of connections) connection.goOn();
      gate.release();
    },
  };
}
