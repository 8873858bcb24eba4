/**
 * What a model of meter is, as data: what it calls things, how it counts money, how it proves a repeat, which orders its relay
 * knows, and what must never be sent to it. One file a model, one row in `index.ts`; nothing here has a condition in it.
 *
 * A profile says what a meter of that model is like; whether the gateway can order it end to end is another question, and it
 * is answered by `devices/meter-models.ts`.
 */
import type { Choices } from "../choices.ts";
import type { RelayOrderName } from "../relay-orders.ts";

/** Where it is written, and how sure we may be: H two sources agree or a capture, M one source, L partly worked out. */
export interface Evidence {
  readonly confidence: "H" | "M" | "L";
  readonly sources: readonly string[];
  /** What nobody has seen yet: the questions to take along to a real one. */
  readonly doubts: readonly string[];
}

/** One data item of function 11H as this model has it; what its bytes say stands in the dictionary, or is a choice. */
export interface ProfileItem {
  readonly di: string;
  /** Its value is money, or energy that was paid for. */
  readonly money: boolean;
}

/** What a gateway may want to know. A profile answers for each: how, or null where the model has no such thing. */
export const itemNames = [
  "meterNumber",
  "customerNumber",
  "importedEnergy",
  "balance",
  "overdraft",
  "purchaseCount",
  "lastPurchase",
  "relayWord",
  "date",
  "time",
  "price",
  "tripDelay",
  "keyInfo",
  "hoardingLimit",
  "status",
  "parameters",
] as const;
export type ProfileItemName = (typeof itemNames)[number];

/** An order of function 03H or 14H, or a whole function (`di` null). In `di` an x stands for any hex digit. */
export interface ProfileOrder {
  readonly control: number;
  readonly di: string | null;
  readonly what: string;
  readonly money: boolean;
  /** Something is lost for good: a purse, keys, records, the way to the meter. Denied unless `allowed`. */
  readonly destructive: boolean;
  readonly allowed?: true;
}

/** How we prove who we are. */
export interface Proof {
  readonly kind: "none" | "password" | "soft-esam" | "esam";
  /** Whose arithmetic: a name, never a key. null where nothing is computed. */
  readonly scheme: string | null;
  /** Level and factory password of plain orders; null where they are not taken. */
  readonly password: { readonly level: "02" | "03" | "04"; readonly factory: string } | null;
  /** Level bytes of secured orders: clear with MAC, cipher with MAC. */
  readonly levels: { readonly clear: "99" | "97"; readonly cipher: "98" | "96" } | null;
  /** Eight hex digits, highest first, where a vendor wants an operator code of its own. */
  readonly operator: string | null;
}

/** Its layout is the topic `purchase`. */
export interface Purchase {
  readonly di: string;
  /** What the meter counts by: this makes a second obeying of the same frame impossible, or nothing does. */
  readonly repeatProof: "purchase-count" | "order-number" | "token" | "nothing";
  /** What the meter says to the same purchase again; null: it obeys again. */
  readonly repeatRefused: string | null;
}

/** Its way is the topic `refund`. */
export interface Refund {
  readonly control: 0x03 | 0x14;
  readonly di: string;
  readonly repeatProof: Purchase["repeatProof"];
}

export interface Line {
  readonly baud: number;
  readonly parity: "even" | "none";
  /** Wake-up bytes before a request. */
  readonly preamble: number;
  readonly turnaroundMs: number;
  /** Beyond the wire's own time. */
  readonly replyDeadlineMs: number;
  /** Questions are asked so often at most; orders are said once, always. */
  readonly questionsMax: number;
  /** Functions heard at 999999999999, and whether anybody answers them (none of ours does). */
  readonly broadcast: readonly number[];
  /** Functions answered at AAAAAAAAAAAA. */
  readonly wildcard: readonly number[];
}

export interface ModelProfile {
  readonly name: string;
  /** Goes up whenever a sighting of a real meter changes something here, so that a note from the field can say which it meant. */
  readonly version: number;
  readonly title: { readonly en: string; readonly zh: string };
  readonly edition: "2007" | "1997";
  readonly evidence: Evidence;
  readonly line: Line;
  /** Function codes it answers. */
  readonly functions: readonly number[];
  readonly proof: Proof;
  readonly items: Readonly<Record<ProfileItemName, ProfileItem | null>>;
  /** Identifiers that answer a whole block in one exchange. */
  readonly blocks: readonly string[];
  readonly orders: readonly ProfileOrder[];
  readonly relayOrders: readonly RelayOrderName[];
  /** What its wallet counts; null: none, the ledger is elsewhere. */
  readonly wallet: "yuan" | "kWh" | null;
  readonly purchase: Purchase | null;
  readonly refund: Refund | null;
  /** What to read after something was changed, and compare: also what was not meant to change, also after a refusal: a meter has refused and changed all the same. */
  readonly readBack: {
    readonly purchase: readonly ProfileItemName[];
    readonly relay: readonly ProfileItemName[];
    readonly write: readonly ProfileItemName[];
  };
  /** Where sources disagree, what holds for this one: handed as it is to whoever builds, hears, answers or explains its frames. */
  readonly choices: Choices;
}
