/** Dark hours that should not have been, as the gateway tells them (GET /v1/recovery/incidents), and what people say about one. */
import { call, post, randomKey } from "./api.ts";
import type { Page } from "./api.ts";
import type { BothLanguages } from "./shapes.ts";

export const compensations = ["yes", "no", "paid"] as const;
export type Compensation = (typeof compensations)[number];

export interface Incident {
  readonly id: string;
  readonly title: BothLanguages;
  /** Further causes of the same dark hours, by their codes. */
  readonly also: readonly string[];
  readonly meter: string;
  readonly account: string | null;
  readonly bus: string;
  readonly model: string;
  readonly darkSince: string;
  /** Since when supply is wanted back; null: it is not. */
  readonly wishedAt: string | null;
  /** 0 found, 1 a work order, 2 and 3 escalated. */
  readonly level: number;
  /** Why supply is not back. */
  readonly reason: BothLanguages | null;
  readonly state: string;
  readonly restoredAt: string | null;
  readonly minutes: number | null;
  readonly energyBefore: string | null;
  readonly energyAfter: string | null;
  readonly compensation: string;
  readonly compensationNote: string | null;
  readonly compensationBy: string | null;
  /** Until when the customer has to be asked. */
  readonly followUpAt: string | null;
  readonly followedUpAt: string | null;
  readonly followedUpBy: string | null;
  readonly followUpNote: string | null;
  /** The item of its owner. */
  readonly exception: string | null;
}

interface Step {
  readonly at: string;
  readonly what: string;
  readonly by: string;
  readonly note: string | null;
}

export interface WholeIncident extends Incident {
  readonly owner: string | null;
  readonly steps: readonly Step[];
  readonly handOvers: readonly (Step & { readonly from: string | null; readonly to: string | null })[];
}

export interface Incidents {
  readonly items: readonly Incident[];
  /** There are older ones. */
  readonly hasMore: boolean;
}

const LISTED_MAX = 200;

export async function incidents(state: "open" | "ended"): Promise<Incidents> {
  const query = new URLSearchParams({ state, limit: String(LISTED_MAX) }).toString();
  const page = (await call(`/v1/recovery/incidents?${query}`)) as Page & { readonly items: readonly Incident[] };
  return { items: page.items, hasMore: page.next !== null };
}

const pathOf = (id: string): string => `/v1/recovery/incidents/${encodeURIComponent(id)}`;
export const incident = (id: string): Promise<WholeIncident> => call(pathOf(id)) as Promise<WholeIncident>;
export const compensate = (id: string, mark: Compensation, note: string): Promise<unknown> =>
  post(`${pathOf(id)}/compensation`, { mark, note }, randomKey());
export const followUp = (id: string, note: string): Promise<unknown> => post(`${pathOf(id)}/follow-up`, { note }, randomKey());

/** `at` null: nobody can say, and the words tell why. */
export interface Expected {
  readonly at: string | null;
  readonly words: BothLanguages;
}

/** When this customer may have supply again; null: he has no meter. */
export const expectedSupply = async (account: string): Promise<Expected | null> =>
  ((await call(`/v1/accounts/${encodeURIComponent(account)}/call`)) as { readonly expected: Expected | null }).expected;
