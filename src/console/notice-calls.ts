/** What customers are told and what became of it, as the gateway tells it (GET /v1/notices), and having one tried again. */
import { call, post, randomKey } from "./api.ts";
import type { Page } from "./api.ts";
import type { BothLanguages } from "./shapes.ts";

export const noticeStates = ["failed", "waiting", "delivered", "cancelled"] as const;
export type NoticeState = (typeof noticeStates)[number];

export interface Notice {
  readonly id: string;
  readonly account: string;
  readonly title: BothLanguages;
  readonly at: string;
  /** Yuan; null: it is about no money. */
  readonly balance: string | null;
  readonly state: string;
  /** Why it failed or was cancelled. */
  readonly because: BothLanguages | null;
  readonly delivered: string | null;
  /** The one that took it. */
  readonly channel: string | null;
  /** Telephone, e-mail, each with its middle left out. */
  readonly reach: Readonly<Record<string, string>>;
  /** As it was sent last. */
  readonly said: { readonly subject: string; readonly text: string } | null;
  readonly tries: number;
  readonly nextAt: string | null;
  readonly notAfter: string;
}

export interface WholeNotice extends Notice {
  readonly attempts: readonly {
    readonly number: number;
    readonly at: string;
    readonly channel: string;
    readonly outcome: string;
    readonly words: string | null;
  }[];
}

export interface Notices {
  readonly items: readonly Notice[];
  /** There are older ones. */
  readonly hasMore: boolean;
}

const LISTED_MAX = 200;

/** `account` null: of all. */
export async function notices(state: NoticeState | "all", account: string | null): Promise<Notices> {
  const query = new URLSearchParams({ limit: String(LISTED_MAX), ...(state === "all" ? {} : { state }) }).toString();
  const path = account === null ? "/v1/notices" : `/v1/accounts/${encodeURIComponent(account)}/notices`;
  const page = (await call(`${path}?${query}`)) as Page & { readonly items: readonly Notice[] };
  return { items: page.items, hasMore: page.next !== null };
}

const pathOf = (id: string): string => `/v1/notices/${encodeURIComponent(id)}`;
export const notice = (id: string): Promise<WholeNotice> => call(pathOf(id)) as Promise<WholeNotice>;
export const retryNotice = (id: string): Promise<unknown> => post(`${pathOf(id)}/retry`, {}, randomKey());
