/**
 * Finds all meters of a line, also where several answer at once and spoil each other's answer.
 *
 *     13H to AAAAAAAAAAAA ──one clean answer, twice──► the only meter
 *            │ several, or bytes nobody can read
 *            ▼
 *     11H to AAAAAAAAAA00 … AAAAAAAAAA99 ──► silent twice: nobody ends so
 *            │ several, or unreadable            one clean answer, twice: that meter
 *            ▼
 *     11H to AAAAAAAA0012 … AAAAAAAA9912 ──► … down to all twelve digits: still unreadable there, and two meters share an address
 *
 * The search goes from the low digits up, since wildcards stand for the high ones alone and two digits share a byte (section 3 of
 * the reference). Below the top it reads an item instead of the address: shortened addresses are told of for reading, and 13H only for a
 * line with one meter. A meter without the item answers all the same, with an error, and that carries its address as well.
 */
import { addressFits, ANY_METER, requests, shortened, type Frame } from "../protocols/dlt645/index.ts";
import type { Heard } from "./wire-probe.ts";

/** 通信地址 04000401. */
const OWN_ADDRESS = "04000401";
const ADDRESS_DIGITS = 12;
const BRANCHES = 100;

export interface FoundMeter {
  readonly address: string;
  /** Answered when it was asked by its whole address. */
  readonly confirmed: boolean;
  /** From question to answer. */
  readonly answerMs: number | null;
  /** Asked by the whole address, two answered or nobody could read the answer: perhaps two meters share it. */
  readonly doubled: boolean;
}

export interface SearchStep {
  /** The digits asked for, the low ones. */
  readonly ending: string;
  readonly outcome: "silent" | "one" | "several";
  readonly found: number;
  readonly asked: number;
  /** Branches that are still to be asked, as far as is known now. */
  readonly open: number;
}

export interface SearchParts {
  readonly ask: (frame: Frame) => Promise<Heard>;
  readonly step?: (step: SearchStep) => void;
  /** Asked before each branch: whether there is time for another one. */
  readonly mayGoOn?: () => boolean;
}

export interface SearchResult {
  readonly meters: readonly FoundMeter[];
  /** False: it was ended before every branch had been asked. */
  readonly complete: boolean;
  readonly asked: number;
  /** Endings of which nobody could ever read an answer. */
  readonly unreadable: readonly string[];
}

/** What one level of the search costs at most: every branch silent, and asked twice. */
export const levelMsMax = (silenceMs: number): number => BRANCHES * 2 * silenceMs;

export const questionTo = (ending: string): Frame =>
  ending === ""
    ? requests.readAddress()
    : requests.read(ending.length === ADDRESS_DIGITS ? ending : shortened(ending), OWN_ADDRESS);

export async function searchMeters({ ask, step, mayGoOn = () => true }: SearchParts): Promise<SearchResult> {
  const times = new Map<string, number | null>();
  const unreadable: string[] = [];
  let [asked, complete] = [0, true];
  const branches: string[] = [""];

  const put = async (ending: string): Promise<Heard> => {
    asked += 1;
    const heard = await ask(questionTo(ending));
    for (const { frame, afterMs } of heard.replies)
      if (isAddress(frame.address)) times.set(frame.address, times.get(frame.address) ?? afterMs);
    return heard;
  };

  while (branches.length > 0) {
    if (!mayGoOn()) {
      complete = false;
      break;
    }
    const ending = branches.pop()!;
    const outcome = await outcomeOf(put, ending);
    if (outcome === "several") {
      if (ending.length === ADDRESS_DIGITS) unreadable.push(ending);
      else for (let n = BRANCHES - 1; n >= 0; n -= 1) branches.push(String(n).padStart(2, "0") + ending);
    }
    step?.({ ending, outcome, found: times.size, asked, open: branches.length });
  }

  const meters: FoundMeter[] = [];
  for (const address of [...times.keys(), ...unreadable.filter((one) => !times.has(one))].sort())
    meters.push(
      complete
        ? await byName(put, address, times.get(address) ?? null)
        : { address, confirmed: false, answerMs: times.get(address) ?? null, doubled: false },
    );
  return { meters, complete, asked, unreadable: unreadable.map((ending) => ending.padStart(ADDRESS_DIGITS, "A")) };
}

/** A meter of which only the address is known, asked for itself: twice where it stays silent, since one frame is soon lost. */
export async function searchSettled(
  address: string,
  ask: SearchParts["ask"],
): Promise<{ readonly meter: FoundMeter; readonly asked: number }> {
  let asked = 0;
  const put = (ending: string): Promise<Heard> => {
    asked += 1;
    return ask(questionTo(ending));
  };
  const first = await byName(put, address, null);
  return { meter: first.confirmed || first.doubled ? first : await byName(put, address, null), asked };
}

async function byName(put: (ending: string) => Promise<Heard>, address: string, seenMs: number | null): Promise<FoundMeter> {
  const heard = await put(address);
  const own = heard.replies.filter(({ frame }) => frame.address === address);
  const spoiled = own.length > 1 || (own.length === 0 && heard.noise.length > 0);
  const doubled = spoiled && isSpoiled(await put(address), address);
  return { address, confirmed: own.length > 0, answerMs: own[0]?.afterMs ?? seenMs, doubled };
}

const isSpoiled = ({ replies, noise }: Heard, address: string): boolean =>
  replies.filter(({ frame }) => frame.address === address).length > 1 || noise.length > 0;

const isAddress = (text: string): boolean => /^\d{12}$/.test(text);

/** Asked twice whatever comes: noise may be chance, one answer may be the louder of two, and the only meter may have missed the first. */
async function outcomeOf(put: (ending: string) => Promise<Heard>, ending: string): Promise<SearchStep["outcome"]> {
  const [first, second] = [lookAt(await put(ending), ending), lookAt(await put(ending), ending)];
  const one = first.one ?? second.one;
  if (first.is === "silent" && second.is === "silent") return "silent";
  if (first.is === "several" || second.is === "several") {
    // Once unreadable and once silent is a noisy line more often than a meter; a third question decides.
    if (first.is !== "silent" && second.is !== "silent") return "several";
    return lookAt(await put(ending), ending).is === "silent" ? "silent" : "several";
  }
  return first.one === undefined || second.one === undefined || first.one === second.one
    ? one === undefined
      ? "silent"
      : "one"
    : "several";
}

function lookAt({ replies, noise }: Heard, ending: string): { readonly is: SearchStep["outcome"]; readonly one?: string } {
  const asked = ending === "" ? ANY_METER : ending.padStart(ADDRESS_DIGITS, "A");
  // An answer to an earlier question has come late: that meter is known now, and says nothing about this branch.
  const own = replies.filter(({ frame }) => addressFits(asked, frame.address));
  // Two answers of one address are two meters that no longer address tells apart; asked alone they show it again.
  if (noise.length > 0 || new Set(own.map(({ frame }) => frame.address)).size > 1) return { is: "several" };
  return own.length === 0 ? { is: "silent" } : { is: "one", one: own[0]!.frame.address };
}
