/** Which words the page needs. Both dictionaries fulfil it, so a word forgotten in one language does not compile. */
import type { ReviewList } from "../shapes.ts";
import type { CutPhrases } from "./cuts.ts";
import type { DarkHoursPhrases } from "./dark-hours.ts";
import type { MeaningPhrases } from "./meaning.ts";
import type { NoCutPhrases } from "./no-cuts.ts";
import type { NoticePhrases } from "./notices.ts";

/** Words by their code; a code this page has not learned is shown as it came. */
export type ByCode = Readonly<Record<string, string>>;

type Plain =
  | "title"
  | "otherLanguage"
  | "otherLanguageLabel"
  | "legend"
  | "close"
  | "next"
  | "dismiss"
  | "partDegraded"
  | "partNotReady"
  | "meters"
  | "commands"
  | "money"
  | "payments"
  | "find"
  | "findHint"
  | "all"
  | "attention"
  | "loading"
  | "noMeters"
  | "noMatch"
  | "noCommands"
  | "noPayments"
  | "meter"
  | "account"
  | "modelAndBus"
  | "funds"
  | "energy"
  | "relay"
  | "health"
  | "identity"
  | "balance"
  | "available"
  | "overdraft"
  | "held"
  | "wanted"
  | "rulesWant"
  | "shadow"
  | "protectedSupply"
  | "asIs"
  | "saidReason"
  | "silences"
  | "lastHeard"
  | "askAgain"
  | "notRead"
  | "takenAt"
  | "time"
  | "what"
  | "state"
  | "proof"
  | "evidence"
  | "attempt"
  | "noFrames"
  | "waitsFor"
  | "approval"
  | "askedByWhom"
  | "approvedBy"
  | "approve"
  | "decline"
  | "approvalNote"
  | "because"
  | "until"
  | "pay"
  | "amount"
  | "yuan"
  | "payNow"
  | "paying"
  | "paid"
  | "payUnclear"
  | "relayOrder"
  | "reason"
  | "reasonHint"
  | "reasonMissing"
  | "chooseMeter"
  | "ordered"
  | "signIn"
  | "signingIn"
  | "signOut"
  | "key"
  | "keyHint"
  | "keyWrong"
  | "keyWrongNext";

export type MeterFilter = "all" | "answering" | "silent" | "disconnected" | "armed" | "quarantined";
export type CommandFilter = "all" | "moving" | "person";
type Line = "opening" | "live" | "lost";

export type Phrases = Readonly<Record<Plain, string>> & {
  readonly line: Readonly<Record<Line, string>>;
  readonly lineHint: Readonly<Record<Line, string>>;
  readonly filters: Readonly<Record<MeterFilter, string>>;
  readonly commandFilters: Readonly<Record<CommandFilter, string>>;
  readonly models: ByCode;
  readonly relayStates: ByCode;
  readonly healthStates: ByCode;
  readonly identities: ByCode;
  readonly kinds: ByCode;
  readonly states: ByCode;
  readonly paymentStates: ByCode;
  readonly lights: Readonly<Record<"sent" | "acknowledged" | "verified", string>>;
  readonly lightOff: string;
  /** Where "waits for" needs other words than "because" with the same code. */
  readonly waits: ByCode;
  readonly reasons: ByCode;
  readonly lines: Readonly<
    Record<"title" | "none" | "open" | "down" | "busy" | "waiting" | "silences" | "empty" | "hint", string>
  >;
  readonly collection: Readonly<
    Record<"title" | "none" | "of" | "gaps" | "noGaps" | "more" | "byLine" | "byDay" | "hint", string>
  > & {
    readonly states: Readonly<Record<"missing" | "given-up", string>>;
  };
  readonly exceptions: Readonly<
    Record<
      | "title"
      | "none"
      | "overdue"
      | "overdueCount"
      | "times"
      | "note"
      | "close"
      | "apply"
      | "assign"
      | "newOwner"
      | "wasDone"
      | "wasNotDone",
      string
    >
  >;
  readonly indicators: Readonly<
    Record<
      | "title"
      | "hint"
      | "today"
      | "month"
      | "target"
      | "rows"
      | "byClass"
      | "together"
      | "missed"
      | "atLeast"
      | "atMost"
      | "noTarget",
      string
    >
  >;
  readonly reviews: Readonly<
    Record<
      "title" | "none" | "found" | "findHint" | "export" | "more" | "meter" | "class" | "bus" | "score" | "since" | "why",
      string
    >
  > & { readonly lists: Readonly<Record<ReviewList, string>> };
  readonly cuts: CutPhrases;
  readonly noCuts: NoCutPhrases;
  readonly darkHours: DarkHoursPhrases;
  readonly notices: NoticePhrases;
  readonly meaning: MeaningPhrases;
};

/** "Taken: {amount} yuan" with its places filled. */
export const filled = (phrase: string, values: Readonly<Record<string, string | number>>): string =>
  phrase.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
