/** Times in which nobody is cut, as the gateway tells them (GET /v1/no-cuts), and the two things that people say about them. */
import { call, post, randomKey } from "./api.ts";
import type { Page } from "./api.ts";
import type { BothLanguages } from "./shapes.ts";

export const noCutKinds = ["bad-weather", "maintenance"] as const;
export type NoCutKind = (typeof noCutKinds)[number];
export const noCutScopes = ["site", "class", "feeder", "bus"] as const;
export type NoCutScope = (typeof noCutScopes)[number];

export interface NoCut {
  readonly id: string;
  readonly kind: string;
  readonly title: BothLanguages;
  /** "site", "class residential", "feeder transformer-7", "bus tcp-1". */
  readonly scope: string;
  readonly from: string;
  readonly until: string;
  readonly state: string;
  readonly reason: string;
  readonly saidBy: string;
  readonly endedAt: string | null;
  readonly endedBy: string | null;
  readonly endReason: string | null;
}

export interface NoCuts {
  /** On the site's clock. */
  readonly now: string;
  readonly standing: readonly NoCut[];
  readonly coming: readonly NoCut[];
  /** The newest of them. */
  readonly past: readonly NoCut[];
}

const PAST_SHOWN = 10;

const listed = async (state: "standing" | "coming" | "past", limit: number) =>
  (await call(`/v1/no-cuts?${new URLSearchParams({ state, limit: String(limit) }).toString()}`)) as Page & {
    readonly items: readonly NoCut[];
    readonly now: string;
  };

export async function noCuts(): Promise<NoCuts> {
  const [standing, coming, past] = await Promise.all([
    listed("standing", 100),
    listed("coming", 100),
    listed("past", PAST_SHOWN),
  ]);
  return { now: standing.now, standing: standing.items, coming: coming.items, past: past.items };
}

export interface NoCutWish {
  readonly kind: NoCutKind;
  /** Left out: now. */
  readonly from?: string;
  readonly until: string;
  readonly reason: string;
  /** Of these alone; left out: of the whole site. */
  readonly place?: { readonly scope: Exclude<NoCutScope, "site">; readonly name: string };
}

export const sayNoCut = ({ place, ...wish }: NoCutWish): Promise<unknown> =>
  post("/v1/no-cuts", { ...wish, ...(place === undefined ? {} : { [place.scope]: place.name }) }, randomKey());
export const endNoCut = (id: string, reason: string): Promise<unknown> =>
  post(`/v1/no-cuts/${encodeURIComponent(id)}/end`, { reason }, randomKey());
