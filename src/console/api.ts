/**
 * The calls this page makes, one function each. Whatever the gateway declines arrives as a `Declined` that carries its
 * problem: the sentence and the next step for the person at the desk. A gateway that does not answer at all is a problem
 * of its own kind (`gateway-unreachable`), because then nobody knows whether the request arrived. Who has to sign in first
 * is told so by any of them (401), and whoever watches the door hears of it.
 */
import type {
  Account,
  Bus,
  CollectionDay,
  CollectionGap,
  Figures,
  Parting,
  Command,
  CutPreview,
  CutSort,
  CutState,
  ExceptionItem,
  HousePart,
  Meter,
  Payment,
  Problem,
  RelayOrder,
  Review,
  ReviewList,
  ReviewSort,
  TapeRow,
  WholeCutList,
  WholeException,
} from "./shapes.ts";

export class Declined extends Error {
  readonly problem: Problem;
  /** False when it may have been carried out all the same: no answer, or the gateway broke while working on it. */
  readonly isFinal: boolean;

  constructor(problem: Problem, isFinal: boolean) {
    super(problem.title);
    this.problem = problem;
    this.isFinal = isFinal;
  }
}

export const problemOf = (error: unknown): Problem =>
  error instanceof Declined
    ? error.problem
    : {
        code: "page-fault",
        title: error instanceof Error ? error.message : String(error),
        titleZh: null,
        detail: null,
        next: null,
      };

const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

async function problemIn(response: Response): Promise<Problem> {
  const body = (await response.json().catch(() => ({}))) as Record<string, unknown> | null;
  const said = body ?? {};
  return {
    code: text(said["code"]) ?? `http-${response.status}`,
    titleZh: text(said["titleZh"]),
    title: text(said["title"]) ?? (response.statusText || `HTTP ${response.status}`),
    detail: text(said["detail"]),
    next: text(said["next"]),
  };
}

const unreachable = (cause: unknown): Declined => {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new Declined(
    { code: "gateway-unreachable", title: "The gateway cannot be reached.", titleZh: "无法连接网关。", detail, next: null },
    false,
  );
};

let turnedAway = (): void => undefined;
/** Called after each answer 401 but the sign-in's own. */
export const whenTurnedAway = (listener: () => void): void => {
  turnedAway = listener;
};

async function ask(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(path, init).catch((cause: unknown) => {
    throw unreachable(cause);
  });
  if (!response.ok) throw new Declined(await problemIn(response), response.status < 500);
  return response;
}

export async function call(path: string, init: RequestInit = {}): Promise<unknown> {
  const response = await ask(path, init).catch((error: unknown) => {
    if (error instanceof Declined && error.problem.code === "unauthorized") turnedAway();
    throw error;
  });
  // An answer that breaks off in the middle is no answer either.
  return response.json().catch((cause: unknown) => {
    throw unreachable(cause);
  });
}

export const post = (path: string, body: object, key: string): Promise<unknown> =>
  call(path, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify(body),
  });

export interface Standing {
  readonly needed: boolean;
  readonly signedIn: boolean;
}

export const standing = async (): Promise<Standing> => (await (await ask("/v1/session", {})).json()) as Standing;

export const signIn = async (key: string): Promise<void> => {
  const headers = { "content-type": "application/json" };
  await ask("/v1/session", { method: "POST", headers, body: JSON.stringify({ key }) });
};

export const signOut = async (): Promise<void> => {
  await ask("/v1/session", { method: "DELETE" });
};

export interface Page {
  readonly items: readonly unknown[];
  readonly next: string | null;
}

/** Streets are small beside this; the limit keeps a mistaken cursor from asking for ever. */
const PAGES_MAX = 20;

export async function meters(): Promise<readonly Meter[]> {
  const all: Meter[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const query: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const answer = (await call(`/v1/meters?limit=1000${query}`)) as Page;
    all.push(...(answer.items as readonly Meter[]));
    cursor = answer.next;
    if (cursor === null) break;
  }
  return all;
}

export const meter = (address: string): Promise<Meter> => call(`/v1/meters/${encodeURIComponent(address)}`) as Promise<Meter>;
export const account = (id: string): Promise<Account> => call(`/v1/accounts/${encodeURIComponent(id)}`) as Promise<Account>;
export const command = (id: string): Promise<Command> => call(`/v1/commands/${encodeURIComponent(id)}`) as Promise<Command>;
export const payment = (id: string): Promise<Payment> => call(`/v1/payments/${encodeURIComponent(id)}`) as Promise<Payment>;
export const latestCommands = async (): Promise<readonly Command[]> =>
  ((await call("/v1/commands?limit=50")) as Page).items as readonly Command[];

export const latestPayments = async (): Promise<readonly Payment[]> =>
  ((await call("/v1/payments?limit=20")) as Page).items as readonly Payment[];

/** Also while the house is not ready: then above all. */
export const houseParts = async (): Promise<readonly HousePart[]> =>
  ((await (await fetch("/readyz")).json()) as { readonly parts: readonly HousePart[] }).parts;

export const buses = async (): Promise<readonly Bus[]> => ((await call("/v1/buses")) as Page).items as readonly Bus[];

/** The last of a line, newest first. */
export const tape = async (bus: string): Promise<readonly TapeRow[]> =>
  ((await call(`/v1/buses/${encodeURIComponent(bus)}/tape?limit=60`)) as Page).items as readonly TapeRow[];

export const collectionDays = async (by: "day" | "line"): Promise<readonly CollectionDay[]> =>
  ((await call(`/v1/collection?by=${by}`)) as Page).items as readonly CollectionDay[];
/** The newest of them, and how many there are. */
export const collectionGaps = (): Promise<{ readonly items: readonly CollectionGap[]; readonly total: number }> =>
  call("/v1/collection/gaps?limit=200") as Promise<{ readonly items: readonly CollectionGap[]; readonly total: number }>;

/** Nothing said of the period: this month up to today. */
export const indicators = (days: { readonly from?: string; readonly to?: string }, by: Parting): Promise<Figures> =>
  call(`/v1/indicators?${new URLSearchParams({ ...days, by }).toString()}`) as Promise<Figures>;
/** Where the browser fetches the rows by itself. */
export const indicatorFile = (name: string, { from, to }: Pick<Figures, "from" | "to">): string =>
  `/v1/indicators/${encodeURIComponent(name)}/rows?${new URLSearchParams({ from, to }).toString()}`;

export const openExceptions = async (): Promise<readonly ExceptionItem[]> =>
  ((await call("/v1/exceptions?state=open&limit=200")) as Page).items as readonly ExceptionItem[];
export const exception = (id: string): Promise<WholeException> =>
  call(`/v1/exceptions/${encodeURIComponent(id)}`) as Promise<WholeException>;
export const endException = (id: string, end: "close" | "apply", note: string): Promise<unknown> =>
  post(`/v1/exceptions/${encodeURIComponent(id)}/${end}`, { note }, randomKey());
export const handOver = (id: string, owner: string, note: string): Promise<unknown> =>
  post(`/v1/exceptions/${encodeURIComponent(id)}/assign`, { owner, note }, randomKey());
export const decide = (command: string, verdict: "done" | "not-done", note: string): Promise<unknown> =>
  post(`/v1/commands/${encodeURIComponent(command)}/resolve`, { verdict, note }, randomKey());

const reviewPath = (list: ReviewList, sort: ReviewSort, order: "asc" | "desc"): string =>
  `/v1/reviews?${new URLSearchParams({ list, sort, order, limit: "1000" }).toString()}`;
export const review = (list: ReviewList, sort: ReviewSort, order: "asc" | "desc"): Promise<Review> =>
  call(reviewPath(list, sort, order)) as Promise<Review>;
/** Where the browser fetches the whole list as CSV by itself. */
export const reviewFile = (list: ReviewList, sort: ReviewSort, order: "asc" | "desc"): string =>
  `${reviewPath(list, sort, order)}&format=csv`;

export const cutState = (): Promise<CutState> => call("/v1/cuts") as Promise<CutState>;
const previewPath = (sort: CutSort, order: "asc" | "desc"): string =>
  `/v1/cuts/preview?${new URLSearchParams({ sort, order, limit: "1000" }).toString()}`;
export const cutPreview = (sort: CutSort, order: "asc" | "desc"): Promise<CutPreview> =>
  call(previewPath(sort, order)) as Promise<CutPreview>;
export const cutPreviewFile = (sort: CutSort, order: "asc" | "desc"): string => `${previewPath(sort, order)}&format=csv`;
export const cutList = (id: string): Promise<WholeCutList> =>
  call(`/v1/cuts/batches/${encodeURIComponent(id)}`) as Promise<WholeCutList>;
export const decideCutList = (id: string, verdict: "approve" | "decline", said: object): Promise<unknown> =>
  post(`/v1/cuts/batches/${encodeURIComponent(id)}/${verdict}`, said, randomKey());
export const proposeCuts = (reason: string): Promise<unknown> => post("/v1/cuts/batches", { reason }, randomKey());
export const emergencyStop = (reason: string): Promise<unknown> => post("/v1/emergency-stop", { reason }, randomKey());
export const releaseHalt = (kind: "stop" | "brake", reason: string): Promise<unknown> =>
  post(`/v1/cuts/${kind}/release`, { reason }, randomKey());

export interface TakenPayment {
  readonly payment: Payment;
  readonly command: Command | null;
}

export const pay = (order: {
  readonly account: string;
  readonly amount: string;
  readonly orderId: string;
}): Promise<TakenPayment> => post("/v1/payments", { ...order, channel: "console" }, order.orderId) as Promise<TakenPayment>;

export const orderRelay = async (to: string, order: RelayOrder, reason: string, key: string): Promise<Command> =>
  ((await post(`/v1/meters/${encodeURIComponent(to)}/relay`, { order, reason }, key)) as { readonly command: Command }).command;

/** Another person than the one who asked lets it go, or says no. */
export const approve = (id: string, verdict: "approve" | "decline", note: string): Promise<Command> =>
  post(`/v1/commands/${encodeURIComponent(id)}/${verdict}`, { note }, randomKey()) as Promise<Command>;

/** Not crypto.randomUUID: browsers keep that from pages served over plain HTTP to another machine of the office. */
export const randomKey = (): string =>
  `console-${Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
