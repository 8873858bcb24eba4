/** How things look outside: money in yuan with two decimals, moments in ISO 8601 with offset. One function per thing. */
import { Instant, iso } from "../kernel/clock.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import { yuan } from "../kernel/money.ts";
import type { Reading } from "../kernel/reading.ts";
import type { Attempt, Command } from "../commands/command.ts";
import type { AccountBook, MeterBook, Payment } from "../commands/command-store.ts";
import type { MeterHealth, MeterRecord } from "../devices/meter.ts";
import type { Position } from "../ledger/ledger.ts";
import type { StatementLine } from "../ledger/ledger-store.ts";
import type { z } from "zod";
import type * as told from "./account-shapes.ts";
import type * as shape from "./schemas.ts";

type Shape<Name extends "payment" | "command" | "reading" | "meter" | "account"> = z.output<(typeof shape)[Name]>;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const TOKEN_DIGITS_SHOWN = 4;

export class Views {
  readonly #timeZone: string;

  constructor(timeZone: string) {
    this.#timeZone = timeZone;
  }

  moment(at: Instant): string {
    return iso(at, this.#timeZone);
  }

  #maybe(at: Instant | null): string | null {
    return at === null ? null : this.moment(at);
  }

  payment(payment: Payment): Shape<"payment"> {
    const { id, account, channel, orderId, state, command, refund, invoice } = payment;
    return {
      id,
      account,
      amount: yuan(payment.amount),
      channel,
      orderId,
      state,
      command,
      refund,
      createdAt: this.moment(payment.createdAt),
      ...(invoice === undefined ? {} : { invoice }),
    };
  }

  command(command: Command, attempts: readonly Attempt[] = []): Shape<"command"> {
    const { id, kind, meter, account, payment, state, waitingFor, because, reason, askedBy, receipt } = command;
    const { amount, token } = command.params;
    return {
      id,
      kind,
      meter,
      account,
      payment,
      state,
      waitingFor,
      because,
      askedBy,
      reason,
      ...(typeof amount === "string" ? { amount: yuan(BigInt(amount)) } : {}),
      // it is money: enough to tell one from another, too little to type in
      ...(typeof token === "string" ? { token: `••••${token.slice(-TOKEN_DIGITS_SHOWN)}` } : {}),
      createdAt: this.moment(command.createdAt),
      notAfter: this.moment(command.notAfter),
      endedAt: this.#maybe(command.endedAt),
      proof: {
        sent: this.#maybe(command.sentAt),
        acknowledged: this.#maybe(command.acknowledgedAt),
        verified: this.#maybe(command.verifiedAt),
      },
      attempts: attempts.map((attempt) => ({
        at: this.moment(attempt.at),
        outcome: attempt.outcome,
        before: this.#readable(attempt.before),
        frames: attempt.frames.map((frame) => ({
          at: this.moment(frame.at),
          direction: frame.direction,
          hex: frame.hex.replaceAll(" ", ""),
        })),
        ...(attempt.thinnedAt === undefined ? {} : { framesThinnedAt: this.moment(attempt.thinnedAt) }),
      })),
      receipt: receipt === null ? null : this.#readable(receipt),
      askedByName: command.askedByName ?? null,
      approval:
        command.approval == null
          ? null
          : { by: command.approval.by, at: this.#maybe(command.approval.at), note: command.approval.note },
    };
  }

  /** What a look kept, as people read it: moments in ISO 8601, balances in yuan. */
  #readable(seen: Readonly<Record<string, unknown>>): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(seen).map(([name, value]) => {
        if (name === "takenAt" && typeof value === "number") return [name, this.moment(Instant(value))];
        if (name === "net" && typeof value === "string") return ["balance", yuan(BigInt(value))];
        if (Array.isArray(value)) return [name, value.map((item: unknown) => (isRecord(item) ? this.#readable(item) : item))];
        return [name, isRecord(value) ? this.#readable(value) : value];
      }),
    );
  }

  reading(reading: Reading): Shape<"reading"> {
    return {
      item: reading.item,
      value: reading.value,
      unit: reading.unit,
      takenAt: this.moment(reading.takenAt),
      source: reading.source,
    };
  }

  meter(record: MeterRecord, book: MeterBook, health: MeterHealth, readings: readonly Reading[]): Shape<"meter"> {
    return {
      address: record.address,
      meterNumber: record.meterNumber,
      customerNumber: record.customerNumber,
      account: record.account,
      bus: record.bus,
      model: record.model,
      health: { ...health, lastHeardAt: this.#maybe(health.lastHeardAt), askAgainAt: this.#maybe(health.askAgainAt) },
      identity: book.identity,
      identityNote: book.identityNote,
      relay: {
        desired: book.relayDesired,
        reported: book.relay,
        proof:
          book.relayWord === null
            ? null
            : {
                item: "04000503",
                word: book.relayWord.toString(16).toUpperCase().padStart(4, "0"),
                protected: book.relayProtected,
              },
        at: this.#maybe(book.relayAt),
        cutBy: book.cutBy,
      },
      readings: Object.fromEntries(
        readings.map(({ item, value, unit, takenAt, source }) => [item, { value, unit, takenAt: this.moment(takenAt), source }]),
      ),
    };
  }

  account(account: AccountBook, position: Position, meters: readonly MeterAddress[]): Shape<"account"> {
    return {
      account: account.account,
      name: account.name,
      class: account.class,
      mode: account.mode,
      tariff: account.tariff,
      available: yuan(position.available),
      held: yuan(position.held),
      meters: [...meters],
    };
  }

  entry(line: StatementLine): z.output<typeof told.entry> {
    return {
      id: line.id.toString(),
      kind: line.kind,
      reference: line.reference,
      at: this.moment(line.at),
      available: yuan(line.available),
      held: yuan(line.held),
      note: line.note,
    };
  }
}
