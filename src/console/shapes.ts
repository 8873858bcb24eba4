/**
 * What the gateway's HTTP door answers, as far as this page reads it. Money and energy stay the decimal strings they came
 * as: a page that never calculates with them cannot round them. Words of unions end in `string`, because a newer gateway
 * may say a word this page has not learned; it is then shown as it came.
 */

export interface Reading {
  readonly value: string | null;
  readonly unit: string | null;
  readonly takenAt: string;
  readonly source: string;
}

/** What the relay's state was read from; words of newer gateways beside it are not read here. */
export interface RelayProof {
  readonly protected?: boolean;
}

export interface Meter {
  readonly address: string;
  readonly meterNumber: string;
  readonly customerNumber: string;
  readonly account: string | null;
  readonly bus: string;
  readonly model: string;
  readonly health: {
    readonly state: string;
    readonly failures: number;
    readonly lastHeardAt: string | null;
    readonly askAgainAt: string | null;
  };
  readonly identity: string;
  /** Why it is quarantined. */
  readonly identityNote?: string | null;
  readonly relay: {
    readonly desired: string | null;
    readonly reported: string;
    readonly proof: RelayProof | null;
    readonly at: string | null;
  };
  readonly readings: Readonly<Record<string, Reading | undefined>>;
}

export interface Account {
  readonly account: string;
  readonly name: string;
  readonly class: string;
  readonly mode: string;
  readonly available: string;
  readonly held: string;
}

export interface Proof {
  readonly sent: string | null;
  readonly acknowledged: string | null;
  readonly verified: string | null;
}

export interface Attempt {
  readonly at: string;
  readonly frames: readonly { readonly at: string; readonly direction: string; readonly hex: string }[];
  readonly outcome: string | null;
}

export interface Command {
  readonly id: string;
  readonly kind: string;
  readonly meter: string;
  readonly account: string | null;
  readonly payment: string | null;
  readonly state: string;
  readonly waitingFor: string | null;
  readonly because: string | null;
  /** What the person who asked for it wrote. */
  readonly reason?: string | null;
  /** Yuan, where money goes with it. */
  readonly amount?: string;
  /** Null while only an announcement told of it and the whole object is on its way. */
  readonly createdAt: string | null;
  readonly notAfter: string | null;
  readonly proof: Proof;
  /** The name of whoever asked; absent from older gateways. */
  readonly askedByName?: string | null;
  /** Null: one person is enough. `by` null: a second one is waited for. */
  readonly approval?: { readonly by: string | null; readonly at: string | null; readonly note: string | null } | null;
  readonly attempts: readonly Attempt[];
}

export interface Payment {
  readonly id: string;
  readonly account: string;
  readonly amount: string;
  readonly channel: string;
  readonly orderId: string;
  readonly state: string;
  readonly command: string | null;
  readonly createdAt: string;
}

/** As /readyz tells it. */
export interface HousePart {
  readonly name: string;
  readonly nameZh?: string;
  readonly ready: boolean;
  readonly degraded?: boolean;
  readonly why: string | null;
  readonly next?: string;
  readonly nextZh?: string;
}

export interface Bus {
  readonly id: string;
  readonly transport: string;
  readonly open: boolean;
  readonly why: string | null;
  readonly waiting: number;
  readonly exchanges: number;
  readonly silences: number;
  readonly busyShare: number;
}

/** One row of a line's tape: a frame, its secrets dots, or bytes that belong to none, of which only the sentence is told. */
export interface TapeRow {
  readonly n: number;
  readonly at: string;
  readonly direction: string;
  readonly kind: string;
  readonly hex: string | null;
  readonly en: string;
  readonly zh: string;
}

export interface BothLanguages {
  readonly en: string;
  readonly zh: string;
}

/** One thing that waits for a person. */
export interface ExceptionItem {
  readonly id: string;
  readonly kind: string;
  readonly title: BothLanguages;
  readonly nextStep: BothLanguages;
  readonly meter: string | null;
  readonly account: string | null;
  readonly command: string | null;
  readonly because: string | null;
  readonly says: BothLanguages | null;
  readonly count: number;
  readonly owner: string;
  readonly overdue: boolean;
  readonly openedAt: string;
  readonly lastAt: string;
  readonly suggestion: { readonly legs: readonly { readonly book: string; readonly amount: string }[] } | null;
}

/** With what was known when it came true. */
export interface WholeException extends ExceptionItem {
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly attempts: readonly Attempt[];
}

export interface Intent {
  readonly meter: string;
  readonly want: string;
  readonly because: string;
  readonly shadow: boolean;
}

/** Of GET /v1/collection. */
export interface CollectionDay {
  readonly day: string;
  readonly key: string | null;
  readonly expected: number;
  readonly collected: number;
  readonly rate: number | null;
}

export type Parting = "none" | "class";

/** An indicator of a period; `key` names the class, where classes were parted. */
export interface Figure {
  readonly name: string;
  readonly title: { readonly en: string; readonly zh: string };
  readonly key: string | null;
  readonly unit: "share" | "count" | "seconds";
  readonly value: number | null;
  readonly numerator: number | null;
  readonly denominator: number | null;
  readonly target: { readonly way: "at-least" | "at-most"; readonly value: number } | null;
  /** Null: nothing is aimed at, or nothing was measured. */
  readonly meets: boolean | null;
}

export interface Figures {
  readonly from: string;
  readonly to: string;
  readonly items: readonly Figure[];
}

export interface CollectionGap {
  readonly meter: string;
  readonly day: string;
  readonly line: string;
  readonly state: "missing" | "given-up";
  readonly says: { readonly en: string; readonly zh: string } | null;
}

/** One message of GET /v1/events. */
export type Announcement =
  | { readonly type: "command"; readonly id: string; readonly meter: string; readonly kind: string; readonly state: string }
  | { readonly type: "payment"; readonly id: string; readonly account: string; readonly state: string }
  | { readonly type: "account"; readonly account: string }
  | { readonly type: "meter"; readonly address: string }
  | { readonly type: "reading"; readonly meter: string; readonly item: string; readonly value: string | null }
  | { readonly type: "exception"; readonly id: string; readonly kind: string; readonly state: string }
  | { readonly type: "cuts"; readonly about: string; readonly id: string; readonly state: string }
  | ({ readonly type: "intent" } & Intent);

export const announcementTypes = ["command", "payment", "account", "meter", "reading", "exception", "cuts", "intent"] as const;

export const reviewLists = ["suspects", "swings", "silent", "energy-while-cut", "frozen", "never-read"] as const;
export type ReviewList = (typeof reviewLists)[number];
export type ReviewSort = "score" | "since" | "meter" | "class" | "bus";

export interface ReviewRow {
  readonly meter: string;
  readonly account: string | null;
  readonly class: string | null;
  readonly bus: string;
  readonly model: string;
  readonly score: number;
  readonly since: string | null;
  readonly why: string;
  readonly figures: Readonly<Record<string, string>>;
}

export interface Review {
  readonly list: ReviewList;
  /** What the score counts. */
  readonly score: Readonly<Record<"en" | "zh", string>>;
  readonly total: number;
  readonly items: readonly ReviewRow[];
}

/** An emergency stop, or the brake. */
export interface CutHalt {
  readonly kind: "stop" | "brake";
  readonly says: BothLanguages;
  readonly reason: string;
  readonly begunAt: string;
  readonly begunBy: string;
  readonly release: { readonly asked: { readonly by: string } | null };
}

export interface CutList {
  readonly id: string;
  readonly state: string;
  readonly proposedBy: string;
  readonly proposedAt: string;
  readonly reason: string;
  readonly first: { readonly by: string } | null;
  readonly second: { readonly by: string } | null;
  readonly goodUntil: string | null;
  /** Why it has ended. */
  readonly says: BothLanguages | null;
}

export interface WholeCutList extends CutList {
  readonly members: readonly {
    readonly meter: string;
    readonly account: string;
    readonly line: string;
    readonly state: string;
    readonly canary: boolean;
    readonly available: string;
    readonly because: BothLanguages | null;
  }[];
}

/** Of GET /v1/cuts. */
export interface CutState {
  readonly stop: CutHalt | null;
  readonly brake: CutHalt | null;
  readonly batches: readonly CutList[];
}

export type CutSort = "owed" | "meter" | "account" | "class" | "line" | "since" | "held";

/** Of GET /v1/cuts/preview. */
export interface CutPreview {
  readonly meters: number;
  readonly due: number;
  /** Who owe and would not be cut. */
  readonly held: number;
  readonly owed: string;
  readonly sharePercent: number;
  readonly needsApproval: boolean;
  readonly seconds: { readonly byLines: number; readonly byBrake: number };
  readonly items: readonly {
    readonly meter: string;
    readonly account: string;
    readonly class: string;
    readonly line: string;
    readonly due: boolean;
    readonly owed: string;
    readonly says: readonly BothLanguages[];
  }[];
}

/** application/problem+json. */
export interface Problem {
  readonly code: string;
  readonly title: string;
  readonly titleZh: string | null;
  readonly detail: string | null;
  readonly next: string | null;
}

export const relayOrders = ["disconnect", "reconnect", "arm", "protect", "unprotect"] as const;
export type RelayOrder = (typeof relayOrders)[number];
