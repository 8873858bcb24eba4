/**
 * Who may call on one bus: which meters hang behind which caller, and by what a caller is known. Made of the site file once.
 *
 *     callers:
 *       - { registration: "DTU-0001", meters: ["202611220001", "202611220002"] }   # by what it says
 *       - { source: 10.8.0.17, meters: ["202611220003"] }                            # by where it calls from
 *       - { meters: ["202611220004"] }                                               # whoever calls, where it is the only entry
 *
 * A meter that stands under no caller calls for itself, and is known by its own address. Each caller is a line of its own: all
 * meters behind one modem share one pair of wires.
 */
import { isIP } from "node:net";
import { isFault } from "../../kernel/faults.ts";
import type { MeterAddress } from "../../kernel/ids.ts";
import { bytesOf, compilePattern, isReadyMade, isWord, readyMade, type Pattern, type PatternPlan } from "./patterns.ts";

export interface CallerPlan {
  /** What it says: plain text or `hex:…`, or what a pattern finds at {id} or {digits:N}. */
  readonly registration?: string | undefined;
  /** An IP address. Beside a registration, both must fit. */
  readonly source?: string | undefined;
  readonly meters: readonly string[];
}

export interface DialInPlan {
  /** Names of ready-made patterns, or patterns: what callers say. Default: their meter's address, as text or as a frame. */
  readonly says?: readonly (string | PatternPlan)[] | undefined;
  /** Whether one who says nothing of himself is asked for his meter's address. Default: yes. */
  readonly probe?: boolean | undefined;
  /** Callers that send heartbeats this often are hung up on when three are missing. Left out: only keep-alive watches. */
  readonly heartbeatEverySeconds?: number | undefined;
}

export interface DialInBus {
  readonly id: string;
  readonly dialIn?: DialInPlan | undefined;
  readonly callers?: readonly CallerPlan[] | undefined;
}

export const SAYS_BY_DEFAULT: readonly string[] = ["address", "address-frame"];

/** The line on which a meter of this bus is spoken to. */
export function callerLineOf(bus: DialInBus, meter: string): string {
  const at = (bus.callers ?? []).findIndex(({ meters }) => meters.includes(meter));
  return at < 0 ? `${bus.id}/${meter}` : `${bus.id}/${callerName(bus.callers![at]!, at)}`;
}

/** Letters, digits, dots and dashes alone: it stands in metrics and in addresses of pages. */
const callerName = ({ registration, source }: CallerPlan, at: number): string => {
  const name = (registration ?? source ?? "").replaceAll(/[^0-9A-Za-z._-]+/g, "-").replaceAll(/^-+|-+$/g, "");
  return name === "" ? `caller-${at + 1}` : name.slice(0, 40);
};

/** A mistake in the site file, with its path below the bus. */
export interface CallerComplaint {
  readonly path: string;
  readonly what: string;
}

/** What is wrong with callers and patterns; `meters`: those that hang on this bus. */
export function complaintsAbout(bus: DialInBus, meters: ReadonlySet<string>): readonly CallerComplaint[] {
  const found: CallerComplaint[] = [];
  const complain = (path: string, what: string) => found.push({ path, what });
  const trying = (path: string, build: () => unknown): void => {
    try {
      build();
    } catch (error) {
      if (!isFault(error)) throw error;
      complain(path, `${String(error.context["given"])}: ${String(error.context["why"])}; ${String(error.context["allowed"])}`);
    }
  };
  for (const [index, says] of (bus.dialIn?.says ?? []).entries())
    trying(`dialIn.says[${index}]`, () => compilePattern(planOf(says)));
  const [registrations, sources, placed, names] = [new Set<string>(), new Set<string>(), new Set<string>(), new Set<string>()];
  const callers = bus.callers ?? [];
  for (const [index, caller] of callers.entries()) {
    const path = `callers[${index}]`;
    const { registration, source } = caller;
    if (registration !== undefined) {
      trying(`${path}.registration`, () => bytesOf(registration));
      if (registrations.has(registration)) complain(`${path}.registration`, `"${registration}" stands there twice`);
      registrations.add(registration);
    }
    if (source !== undefined && isIP(source) === 0) complain(`${path}.source`, `"${source}" is no IP address`);
    if (source !== undefined && registration === undefined) {
      if (sources.has(source)) complain(`${path}.source`, `"${source}" stands there twice without a registration`);
      sources.add(source);
    }
    if (registration === undefined && source === undefined && callers.length > 1)
      complain(path, "names neither registration nor source, and it is not the only one");
    const name = callerName(caller, index);
    if (names.has(name) || meters.has(name))
      complain(path, `another caller is called "${name}" as well; choose texts that differ in letters or digits`);
    names.add(name);
    for (const [at, meter] of caller.meters.entries()) {
      if (!meters.has(meter)) complain(`${path}.meters[${at}]`, `no meter ${meter} hangs on bus ${bus.id}`);
      else if (placed.has(meter)) complain(`${path}.meters[${at}]`, `${meter} stands behind another caller already`);
      placed.add(meter);
    }
  }
  return found;
}

const planOf = (says: string | PatternPlan): PatternPlan =>
  typeof says !== "string" ? says : { text: isReadyMade(says) ? readyMade[says] : says };

/** A caller is known; or not, and why, for a person who looks into the quarantine. */
export type Known = { readonly line: string } | { readonly why: string };

export class CallerBook {
  readonly patterns: readonly Pattern[];
  /** By line. */
  readonly lines: ReadonlyMap<string, readonly MeterAddress[]>;
  readonly #byMeter = new Map<string, string>();
  readonly #byRegistration = new Map<string, { readonly line: string; readonly source: string | undefined }>();
  readonly #bySource = new Map<string, string>();
  readonly #only: string | undefined;

  constructor(bus: DialInBus, meters: readonly MeterAddress[]) {
    const callers = bus.callers ?? [];
    this.lines = Map.groupBy(meters, (meter) => callerLineOf(bus, meter));
    for (const meter of meters) this.#byMeter.set(meter, callerLineOf(bus, meter));
    for (const { registration, source, meters: behind } of callers) {
      const line = callerLineOf(bus, behind[0] ?? "");
      if (registration !== undefined) this.#byRegistration.set(registration, { line, source });
      else if (source !== undefined) this.#bySource.set(source, line);
    }
    const [first] = callers;
    const isOpen = first !== undefined && first.registration === undefined && first.source === undefined;
    this.#only = isOpen && callers.length === 1 ? callerLineOf(bus, first.meters[0] ?? "") : undefined;
    // Longest first: "DTU-1" is also how "DTU-10" begins.
    const literal = [...this.#byRegistration.keys()].sort((a, b) => b.length - a.length).map(literally);
    this.patterns = [...literal, ...(bus.dialIn?.says ?? SAYS_BY_DEFAULT).map((says) => compilePattern(planOf(says)))];
  }

  /** By where it calls from, before it has said anything. */
  bySource(source: string): string | undefined {
    return this.#bySource.get(source) ?? this.#only;
  }

  byMeter(address: string): Known {
    const line = this.#byMeter.get(address);
    return line === undefined ? { why: `meter ${address} does not hang on this bus` } : { line };
  }

  byRegistration(id: string, source: string): Known {
    const known = this.#byRegistration.get(id);
    if (known === undefined) return { why: `nobody is registered as ${id}` };
    if (known.source === undefined || known.source === source) return known;
    return { why: `${id} is expected from ${known.source}` };
  }
}

/** A frame may stand right behind a name. */
const FRAME_START = 0x68;

/**
 * A registration of the site file is a pattern of its own, and tells itself. Of a longer name it is only the beginning: "DTU-12", which stands
 * nowhere, must not take the line of "DTU-1". So one that ends in a letter or digit waits for what follows, or for nothing to follow.
 */
function literally(registration: string): Pattern {
  const wanted = bytesOf(registration);
  const mayGoOn = wanted.length > 0 && isWord(wanted.at(-1)!);
  return {
    text: registration,
    match: (bytes, at, ended) => {
      for (let i = 0; i < wanted.length; i += 1) {
        if (at + i >= bytes.length) return ended ? "no" : "more";
        if (bytes[at + i] !== wanted[i]) return "no";
      }
      const next = bytes[at + wanted.length];
      if (mayGoOn && next === undefined && !ended) return "more";
      if (mayGoOn && next !== undefined && next !== FRAME_START && isWord(next)) return "no";
      return { length: wanted.length, id: registration };
    },
  };
}
