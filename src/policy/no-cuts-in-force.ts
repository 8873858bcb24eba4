/**
 * Which of the times that somebody said are a meter's: the rules see them in its picture, and the gate asks once more behind the lock of the
 * site, in the transaction that writes the attempt. Looked up each time and kept nowhere, so what one gateway has committed counts for all.
 */
import type { Clock, Instant } from "../kernel/clock.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { NoCutStore } from "./no-cut-store.ts";
import { isHolding, scopesOver, wasHolding, type NoCutKind, type NoCutSpan, type Place } from "./no-cuts.ts";
import type { PolicyStore, RemoteMeter } from "./policy-store.ts";

export interface InForceParts {
  readonly store: Pick<NoCutStore, "open" | "during">;
  readonly clock: Clock;
  /** Where it hangs; undefined: on no line of ours, so only what is said of the site or of its class is meant for it. */
  readonly lineOf: (meter: MeterAddress) => { readonly bus: string; readonly feeder?: string } | undefined;
}

/** What customers are told of it: its reason is among that. */
export type Outage = Pick<NoCutSpan, "from" | "until" | "reason">;

/** Empty: nobody had said anything of it at that moment. */
export type PastNoCuts = (meter: MeterAddress, className: string | null, at: Instant) => readonly NoCutKind[];

export class NoCutsInForce {
  readonly #parts: InForceParts;

  constructor(parts: InForceParts) {
    this.#parts = parts;
  }

  /** Those that are not over, also those that have not begun. */
  open(tx: Transaction | null): Promise<readonly NoCutSpan[]> {
    return this.#parts.store.open(tx, this.#parts.clock.now());
  }

  placeOf(meter: MeterAddress, className: string | null): Place {
    const { bus = null, feeder } = this.#parts.lineOf(meter) ?? {};
    return { class: className, bus, feeder };
  }

  /** Of all that was said, the outages that are planned where this meter hangs, as the site file would name them. */
  outagesAt(open: readonly NoCutSpan[], meter: MeterAddress, className: string): readonly Outage[] {
    return among(open, this.placeOf(meter, className)).filter(({ kind }) => kind === "maintenance");
  }

  /** Why this meter is not cut at this moment; null: nobody has said anything of it. `classOf` is asked only where somebody said something. */
  async holding(tx: Transaction | null, meter: MeterAddress, classOf: () => Promise<string | null>): Promise<NoCutKind | null> {
    const now = this.#parts.clock.now();
    const standing = (await this.open(tx)).filter((span) => isHolding(span, now));
    if (standing.length === 0) return null;
    return among(standing, this.placeOf(meter, await classOf()))[0]?.kind ?? null;
  }

  /**
   * Why a meter was not to be cut at moments that lie within a span, asked of one look at what was said: the kinds that held then, by what
   * was known then. Where it hung then nobody has noted; it counts where it hangs now.
   */
  async pastOf(span: { readonly from: Instant; readonly until: Instant }): Promise<PastNoCuts> {
    const said = await this.#parts.store.during(span);
    return (meter, className, at) => {
      const held = said.filter((one) => wasHolding(one, at));
      return held.length === 0 ? [] : [...new Set(among(held, this.placeOf(meter, className)).map(({ kind }) => kind))];
    };
  }

  /** The same store, in whose pictures they stand. */
  seenBy(policy: PolicyStore): PolicyStore {
    return {
      remoteMeters: async () => {
        const open = await this.open(null); // before the pictures: what is said meanwhile is found at the locked row
        return this.#shown(await policy.remoteMeters(), open);
      },
      remoteMeter: async (tx, meter) => {
        const picture = await policy.remoteMeter(tx, meter);
        return picture === null ? null : this.#shown([picture], await this.open(tx))[0]!;
      },
      lastIntent: (...of) => policy.lastIntent(...of),
      keepIntent: (...what) => policy.keepIntent(...what),
      keepDecision: (...what) => policy.keepDecision(...what),
      keepStanding: (...what) => policy.keepStanding(...what),
      decisionsOf: (...of) => policy.decisionsOf(...of),
      noticesOf: (...of) => policy.noticesOf(...of),
      keepStrategies: (...what) => policy.keepStrategies(...what),
    };
  }

  /** A street has many meters and few places: what holds at a place is looked up once. */
  #shown(pictures: readonly RemoteMeter[], open: readonly NoCutSpan[]): readonly RemoteMeter[] {
    if (open.length === 0) return pictures;
    const known = new Map<string, readonly NoCutSpan[]>();
    return pictures.map((picture) => {
      const place = this.placeOf(picture.meter, picture.class);
      const key = JSON.stringify([place.class, place.bus, place.feeder]);
      let noCuts = known.get(key);
      if (noCuts === undefined) known.set(key, (noCuts = among(open, place)));
      return { ...picture, noCuts };
    });
  }
}

/** Of these the ones that are said of this place. */
export function among(spans: readonly NoCutSpan[], place: Place): readonly NoCutSpan[] {
  const scopes = scopesOver(place);
  return spans.filter(({ scope }) => scopes.includes(scope));
}
