/**
 * Do two meters carry this address? Seen from the line alone, in two ways:
 *
 *     one after the other   a second answer to the question that was just answered, and it says something that one meter cannot
 *                           say twice: another number (proof), or a register that lies more than a kWh away (proof at the third
 *                           time within an hour; the first asks for the numbers)
 *     at once               answers that nobody can read, again and again, while the neighbours on these wires are read as ever:
 *                           suspicion only, since one meter's bad wires look the same
 *
 * A second answer alone tells nothing: a modem publishes again, a broker delivers a question twice and the meter measures anew, a
 * reply of before comes late. So only what stands still while an answer is repeated is looked at, and a copy of the answer counts
 * for nothing. What was heard before, and what comes soon after a silence, may be an answer of before: it proves nothing and is
 * a reason to ask, since a second voice too was believed sometimes, and makes silences: who speaks into it is not heard. Where the
 * question behind an answer is spoilt again and again, the line waits after that meter's answers, so that a second voice is heard whole.
 *
 * Pure: told what was heard and when; keeps no timer and touches no wire.
 */
import { hours, minutes, type Instant } from "../kernel/clock.ts";
import type { Frame } from "../protocols/dlt645/index.ts";

export type AddressDoubt =
  /** What it was asked for, and what the two said. */
  | { readonly is: "shared"; readonly item: string; readonly said: readonly [string, string] }
  /** No proof yet: worth asking for its numbers. */
  | { readonly is: "perhaps-shared" }
  | { readonly is: "garbled"; readonly times: number };

/** So many of its answers are remembered, to know a copy by. */
const REMEMBERED = 6;
/** A register ticks while a question is asked twice, but not by so many hundredths of a kWh. */
export const APART_MIN = 100n;
export const REGISTERS_APART_MIN = 3;
export const GARBLED_MIN = 6;
/** Evidence counts together only within this time. */
export const TOGETHER_MS = hours(1);
/** So long after a silence nothing is held against registers: an old answer may be on its way. Numbers do not change by waiting. */
export const CALM_MS = minutes(10);
/** After an answer of an address in doubt: a meter may think for 500 ms, and its frame takes some time. Spoken into, it would be lost. */
export const SECOND_VOICE_REST_MS = 1_000;
/** So many questions behind its answers have to be spoilt, and none heard, before the line listens longer: another master spoils one in ten. */
export const SPOILT_BEHIND_MIN = 3;
/** An echo's tail and a spike are shorter. */
const GARBLED_BYTES_MIN = 8;
/** The line itself is well: its other meters answered so often since, and of ten such exchanges not more than one was garbled. */
const OTHERS_ANSWERED_MIN = 3;
const OTHERS_GARBLED_SHARE = 0.1;

const READ_ANSWERED = 0x91;
const IDENTIFIER_BYTES = 4;

/** What one meter says the same twice, by its identifier; the order matters nowhere. */
const steadfast: readonly { readonly of: RegExp; readonly bytes: number; readonly isNumber: boolean }[] = [
  { of: /^0400040[2E]$/, bytes: 6, isNumber: true }, // meter number, customer number
  { of: /^000[12][0-9A-F]{2}00$/, bytes: 4, isNumber: false }, // energy, forward and reverse; of a block its first register
  { of: /^05060[12][0-9A-F]{2}$/, bytes: 4, isNumber: false }, // its daily freezes
];

interface Said {
  readonly item: string;
  /** Digits, top first. */
  readonly digits: string;
  readonly isNumber: boolean;
}

interface Taken extends Said {
  readonly at: Instant;
  /** One second voice for each answer. */
  answeredAgain: boolean;
}

interface Garbled {
  readonly since: Instant;
  readonly times: number;
  /** Of the whole line, when it began. */
  readonly answeredBefore: number;
  readonly garbledBefore: number;
}

export class Twins {
  readonly #windowMs: number;
  readonly #listeners: ((address: string, doubt: AddressDoubt) => void)[] = [];
  readonly #taken = new Map<string, Taken[]>();
  readonly #apart = new Map<string, Instant[]>();
  readonly #silentAt = new Map<string, Instant>();
  readonly #garbled = new Map<string, Garbled>();
  readonly #doubtedAt = new Map<string, Instant>();
  /** When the exchange behind an answer of it could not be read. */
  readonly #spoilt = new Map<string, Instant[]>();
  #lastAnswer: { readonly of: string; readonly at: Instant } | undefined;
  #noiseBytes = 0;
  #answered = 0;
  #garbledExchanges = 0;

  /** A second answer is one within so long: the whole allowance of the question. */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  onDoubt(listener: (address: string, doubt: AddressDoubt) => void): void {
    this.#listeners.push(listener);
  }

  /** An exchange begins. */
  asked(): void {
    this.#noiseBytes = 0;
  }

  /** Bytes that are no frame. */
  noise(bytes: Uint8Array): void {
    this.#noiseBytes += bytes.length;
  }

  /** What was believed as an answer. */
  took(frame: Frame, at: Instant): void {
    const said = saidBy(frame);
    if (said === undefined) return;
    const taken = this.#taken.get(frame.address) ?? [];
    this.#taken.set(frame.address, [{ ...said, at, answeredAgain: false }, ...taken].slice(0, REMEMBERED));
  }

  /** A reply that nobody took. */
  stray(frame: Frame, at: Instant): void {
    const said = saidBy(frame);
    const taken = this.#taken.get(frame.address)?.filter(({ item }) => item === said?.item) ?? [];
    const [answer] = taken;
    if (said === undefined || answer === undefined || answer.answeredAgain) return;
    if (at < answer.at || at - answer.at > this.#windowMs) return;
    if (answer.digits === said.digits || (!said.isNumber && distance(answer, said) <= APART_MIN)) return;
    answer.answeredAgain = true;
    this.#doubtedAt.set(frame.address, at);
    const proof: AddressDoubt = { is: "shared", item: said.item, said: [answer.digits, said.digits] };
    const isOld = taken.some(({ digits }) => digits === said.digits) || this.#isUnrest(frame.address, said, at);
    const isProof = !isOld && (said.isNumber || this.#timesApart(frame.address, at) >= REGISTERS_APART_MIN);
    this.#tell(frame.address, isProof ? proof : PERHAPS);
  }

  /** To rest after an answer of this address, beside what the line needs anyway: its neighbours pay nothing. */
  restMs(address: string, at: Instant): number {
    const doubtedAt = this.#doubtedAt.get(address);
    if (doubtedAt === undefined) return 0;
    if (Math.abs(at - doubtedAt) <= TOGETHER_MS) return SECOND_VOICE_REST_MS;
    this.#doubtedAt.delete(address);
    return 0;
  }

  /** An exchange ended. */
  ended(address: string, was: "answered" | "silent", at: Instant): void {
    if (was === "answered") {
      this.#answered += 1;
      this.#garbled.delete(address);
      const before = this.#answerBefore(at);
      if (before !== undefined) this.#spoilt.delete(before);
      this.#lastAnswer = { of: address, at };
      return;
    }
    if (this.#noiseBytes >= GARBLED_BYTES_MIN) {
      this.#spokeInto(at);
      this.#couldNotBeRead(address, at); // its answer has come, though spoilt: none will come late
      return;
    }
    this.#silentAt.set(address, at);
    this.#garbled.delete(address);
  }

  #couldNotBeRead(address: string, at: Instant): void {
    const known = this.#garbled.get(address);
    const before =
      known !== undefined && at >= known.since && at - known.since <= TOGETHER_MS
        ? known
        : { since: at, times: 0, answeredBefore: this.#answered, garbledBefore: this.#garbledExchanges };
    this.#garbledExchanges += 1;
    const now = { ...before, times: before.times + 1 };
    this.#garbled.set(address, now);
    const othersAnswered = this.#answered - now.answeredBefore;
    const othersGarbled = this.#garbledExchanges - now.garbledBefore - now.times;
    if (now.times < GARBLED_MIN || othersAnswered < OTHERS_ANSWERED_MIN) return;
    if (othersGarbled > (othersAnswered + othersGarbled) * OTHERS_GARBLED_SHARE) return;
    this.#garbled.delete(address); // said once; as many again say it again
    this.#tell(address, { is: "garbled", times: now.times });
  }

  /** A second voice falls into whatever is asked next, of whomever: the answer before it is to blame. */
  #spokeInto(at: Instant): void {
    const before = this.#answerBefore(at);
    this.#lastAnswer = undefined;
    if (before === undefined) return;
    const times = together(this.#spoilt.get(before), at).slice(-SPOILT_BEHIND_MIN);
    this.#spoilt.set(before, times);
    if (times.length >= SPOILT_BEHIND_MIN) this.#doubtedAt.set(before, at);
  }

  /** Whose second voice may have been heard in this exchange. */
  #answerBefore(at: Instant): string | undefined {
    const answer = this.#lastAnswer;
    return answer !== undefined && Math.abs(at - answer.at) <= this.#windowMs ? answer.of : undefined;
  }

  /** A silence just before: of registers an old one may come; of numbers only within the time of one question. */
  #isUnrest(address: string, { isNumber }: Said, at: Instant): boolean {
    const silentAt = this.#silentAt.get(address);
    return silentAt !== undefined && Math.abs(at - silentAt) < (isNumber ? this.#windowMs : CALM_MS);
  }

  #timesApart(address: string, at: Instant): number {
    const times = together(this.#apart.get(address), at);
    this.#apart.set(address, times.slice(-REGISTERS_APART_MIN));
    return times.length;
  }

  #tell(address: string, doubt: AddressDoubt): void {
    for (const listener of this.#listeners) listener(address, doubt);
  }
}

const PERHAPS: AddressDoubt = { is: "perhaps-shared" };

const together = (before: readonly Instant[] | undefined, at: Instant): Instant[] => [
  ...(before ?? []).filter((one) => Math.abs(at - one) <= TOGETHER_MS),
  at,
];

const distance = (one: Said, other: Said): bigint => {
  const apart = BigInt(one.digits) - BigInt(other.digits);
  return apart < 0n ? -apart : apart;
};

/** Undefined: no answer to a reading, or one of something that may change from one moment to the next, or digits that are none. */
function saidBy({ control, data }: Frame): Said | undefined {
  if (control !== READ_ANSWERED || data.length < IDENTIFIER_BYTES) return undefined;
  const item = topFirst(data.subarray(0, IDENTIFIER_BYTES));
  const row = steadfast.find(({ of }) => of.test(item));
  if (row === undefined || data.length < IDENTIFIER_BYTES + row.bytes) return undefined;
  const digits = topFirst(data.subarray(IDENTIFIER_BYTES, IDENTIFIER_BYTES + row.bytes));
  return /^\d+$/.test(digits) ? { item, digits, isNumber: row.isNumber } : undefined;
}

const topFirst = (bytes: Uint8Array): string => Buffer.from(bytes).reverse().toString("hex").toUpperCase();
