/**
 * What stands in a receipt: pure. One document tells the whole story of one payment or order: who wanted what, what passed on the wire, what
 * the meter showed before and after, what moved in the ledger, and where all of it stands in the audit's chain.
 *
 * It is written in the house's outside words (yuan with two decimals, moments with offset), so that it can be read in ten years without
 * this program. Who signs and verifies it: sign.ts.
 */
import type { AuditRow, Head } from "../audit/audit-row.ts";
import type { SealedRow } from "../audit/audit-store.ts";
import type { Attempt, Command } from "../commands/command.ts";
import type { Payment } from "../commands/command-store.ts";
import { plain, type Plain } from "../kernel/canonical.ts";
import { Instant, iso } from "../kernel/clock.ts";
import { yuan } from "../kernel/money.ts";
import { meaningOf } from "./meaning.ts";

export interface LedgerFact {
  readonly id: string;
  readonly kind: string;
  readonly reference: string;
  readonly at: Instant;
  readonly note: string | null;
  /** Fen by book. */
  readonly legs: Readonly<Record<string, bigint>>;
}

export interface ReceiptFacts {
  readonly site: { readonly name: string; readonly timeZone: string };
  readonly issuedAt: Instant;
  readonly payment: Payment | null;
  readonly command: Command | null;
  readonly attempts: readonly Attempt[];
  readonly entries: readonly LedgerFact[];
  readonly audit: readonly SealedRow[];
  readonly head: Head;
}

export type ReceiptDocument = { readonly [name: string]: Plain };

export function receiptOf(facts: ReceiptFacts): ReceiptDocument {
  const { site, payment, command, attempts } = facts;
  const moment = (at: Instant | null): string | null => (at === null ? null : iso(at, site.timeZone));
  return {
    site: { ...site },
    issuedAt: moment(facts.issuedAt),
    payment:
      payment === null
        ? null
        : {
            id: payment.id,
            account: payment.account,
            amount: yuan(payment.amount),
            channel: payment.channel,
            orderId: payment.orderId,
            state: payment.state,
            createdAt: moment(payment.createdAt),
          },
    command: command === null ? null : commandPart(command, moment),
    attempts: attempts.map((attempt) => ({
      number: attempt.number,
      at: moment(attempt.at),
      outcome: attempt.outcome,
      before: readable(attempt.before, moment),
      frames: attempt.frames.map(({ at, direction, hex }) => ({
        at: moment(at),
        direction,
        hex: hex.replaceAll(" ", ""),
        meaning: meaningOf(hex, "en"),
      })),
      ...(attempt.thinnedAt === undefined ? {} : { framesThinnedAt: moment(attempt.thinnedAt) }),
    })),
    meter: command === null ? null : meterPart(command, attempts, moment),
    entries: facts.entries.map(({ id, kind, reference, at, note, legs }) => ({
      id,
      kind,
      reference,
      at: moment(at),
      note,
      legs: Object.fromEntries(Object.entries(legs).map(([book, amount]) => [book, yuan(amount)])),
    })),
    audit: { rows: facts.audit.map(rowPart), head: { ...facts.head } },
  };
}

type Moment = (at: Instant | null) => string | null;

function commandPart(command: Command, moment: Moment): Plain {
  const { id, kind, meter, account, askedBy, reason, state, because } = command;
  const amount = command.params["amount"];
  return {
    ...{ id, kind, meter, account, askedBy, reason, state, because },
    amount: typeof amount === "string" ? yuan(BigInt(amount)) : null,
    createdAt: moment(command.createdAt),
    endedAt: moment(command.endedAt),
    proof: {
      sent: moment(command.sentAt),
      acknowledged: moment(command.acknowledgedAt),
      verified: moment(command.verifiedAt),
    },
    evidence: command.receipt === null ? null : readable(command.receipt, moment),
  };
}

/** What the meter showed before the attempt that counts, and after it; null where nobody has looked. */
function meterPart(command: Command, attempts: readonly Attempt[], moment: Moment): Plain {
  const after = command.receipt?.["after"];
  const before = command.receipt?.["before"] ?? attempts.at(-1)?.before;
  return {
    before: before === undefined ? null : readable(before, moment),
    after: after === undefined ? null : readable(after, moment),
  };
}

const rowPart = ({ sequence, id, at, who, what, subject }: SealedRow): Plain =>
  ({ sequence, id, at, who, what, subject }) satisfies Partial<AuditRow> & { sequence: number | null };

/** What a look kept, in outside words: moments in ISO 8601, the net of a wallet in yuan under the name of balance. */
function readable(seen: unknown, moment: Moment): Plain {
  if (Array.isArray(seen)) return seen.map((one) => readable(one, moment));
  if (typeof seen !== "object" || seen === null) return plain(seen);
  return Object.fromEntries(
    Object.entries(seen).map(([name, value]: [string, unknown]): [string, Plain] => {
      if (name === "takenAt" && typeof value === "number") return [name, moment(Instant(value))];
      if (name === "net" && typeof value === "string") return ["balance", yuan(BigInt(value))];
      return [name, readable(value, moment)];
    }),
  );
}
