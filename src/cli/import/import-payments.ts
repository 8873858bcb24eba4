/**
 * Ten thousand payments from a file, so that afterwards everybody knows what became of each:
 *
 *     read ─► check every line, here and at the gateway ─► send ─► follow each to its end ─► result file
 *
 * Nothing is sent while a single line is in doubt, unless a person says so. Whatever happens on the way (stopped, killed, the gateway away),
 * the same file is simply imported again: every line is taken once for ever by its channel and order id.
 */
import { seconds } from "../../kernel/clock.ts";
import { Exit } from "../exits.ts";
import type { Json } from "../api-client.ts";
import { inTurns, patiently, sayOf, type CallParts } from "./calls.ts";
import type { PaymentLine, PaymentsFile } from "./payments-file.ts";
import type { Complaint } from "./table.ts";
import { hasEnded, isGood, outcomeOf, type LineResult } from "./outcome.ts";

const CHECKED_AT_ONCE = 500;
/** A batch is answered in well under a second, so that the bar moves and a stop is soon heard. */
const SENT_AT_ONCE = 100;
const ASKED_AT_ONCE = 1_000;
const ASK_EVERY_MS = seconds(1);

export interface ImportParts extends CallParts {
  /** Keeps what is known so far, whole, so that a run that dies leaves a true file. */
  readonly keep: (results: readonly LineResult[]) => void;
}

export interface ImportOptions {
  /** Lines that are in order are sent although others are not. */
  readonly skipFaulty: boolean;
  /** How long to follow what was taken; 0: not at all. */
  readonly followMs: number;
}

export interface ImportEnd {
  readonly code: number;
  readonly results: readonly LineResult[];
  readonly complaints: readonly Complaint[];
  readonly stopped: boolean;
}

interface Answer extends Json {
  readonly items: readonly { readonly payment: Json | null; readonly command: Json | null; readonly problem: Json | null }[];
}

export async function importPayments(file: PaymentsFile, options: ImportOptions, parts: ImportParts): Promise<ImportEnd> {
  const { pacer } = parts;
  const faults = Map.groupBy(file.complaints, ({ line }) => line);
  const sound = file.lines.filter(({ line }) => !faults.has(line));
  const results = new Map(file.lines.map((line) => [line.line, unasked(line, faults.get(line.line) ?? [])]));
  const complaints = [...file.complaints, ...(await check(sound, file, parts, results))].toSorted((a, b) => a.line - b.line);
  const all = (): readonly LineResult[] => [...results.values()];
  const end = (code: number): ImportEnd => ({ code, results: all(), complaints, stopped: pacer.isStopped() });
  if (complaints.length > 0 && !options.skipFaulty) return end(Exit.wrongUse);
  if (pacer.isStopped()) return end(Exit.failed);

  const good = sound.filter(({ line }) => results.get(line)?.problem === null);
  parts.keep(all());
  try {
    await send(good, parts, results);
    if (options.followMs > 0) await follow(options.followMs, parts, results);
  } finally {
    parts.keep(all());
  }
  const fine = all().every((result) => isGood(result) || (options.followMs === 0 && result.payment !== null));
  return end(fine && complaints.length === 0 && !pacer.isStopped() ? Exit.done : Exit.failed);
}

function unasked(line: PaymentLine, faults: readonly Complaint[]): LineResult {
  const nothing = { line, payment: null, command: null };
  if (faults.length === 0) return { ...nothing, outcome: "not-sent", problem: null };
  return { ...nothing, outcome: "faulty", problem: { code: "line-faulty", title: faults.map(({ say }) => say).join(" ") } };
}

/** What the gateway says beforehand; nothing is written there. */
async function check(
  lines: readonly PaymentLine[],
  file: PaymentsFile,
  parts: ImportParts,
  results: Map<number, LineResult>,
): Promise<readonly Complaint[]> {
  const complaints: Complaint[] = [];
  parts.pacer.begin("checking 校验", lines.length);
  let done = 0;
  for (const some of inTurns(lines, CHECKED_AT_ONCE)) {
    await parts.pacer.pass();
    if (parts.pacer.isStopped()) return complaints;
    const { items } = await patiently<Answer>(parts, "/v1/payments/batch", { items: some.map(bodyOf), check: true });
    for (const [index, { payment, problem }] of items.entries()) {
      const line = some[index]!;
      const known = results.get(line.line)!;
      results.set(line.line, { ...known, payment, problem, outcome: problem === null ? known.outcome : "faulty" });
      if (problem !== null) complaints.push({ line: line.line, column: columnOf(problem, file), say: sayOf(problem) });
    }
    done += some.length;
    parts.pacer.show(done, complaints.length === 0 ? "" : `  ${complaints.length} faulty`);
  }
  return complaints;
}

async function send(lines: readonly PaymentLine[], parts: ImportParts, results: Map<number, LineResult>): Promise<void> {
  parts.pacer.begin("sending 提交", lines.length);
  let done = 0;
  for (const some of inTurns(lines, SENT_AT_ONCE)) {
    await parts.pacer.pass();
    if (parts.pacer.isStopped()) return;
    const { items } = await patiently<Answer>(parts, "/v1/payments/batch", { items: some.map(bodyOf) });
    for (const [index, item] of items.entries()) results.set(some[index]!.line, outcomeOf(some[index]!, item));
    done += some.length;
    parts.pacer.show(done);
    if (done % (SENT_AT_ONCE * 10) === 0) parts.keep([...results.values()]);
  }
}

/** Until each has ended, the time is over, or a person stops it: the commands go on either way. */
async function follow(forMs: number, parts: ImportParts, results: Map<number, LineResult>): Promise<void> {
  const { clock, pacer } = parts;
  const taken = [...results.values()].filter(({ payment }) => payment !== null);
  const open = (): readonly LineResult[] =>
    taken.map(({ line }) => results.get(line.line)!).filter((result) => !hasEnded(result));
  const deadline = clock.now() + forMs;
  pacer.begin("following 跟踪", taken.length, taken.length - open().length);
  for (let left = open(); ; left = open()) {
    pacer.show(taken.length - left.length, waitsOf(left));
    if (left.length === 0 || pacer.isStopped() || clock.now() >= deadline) return;
    await clock.wait(ASK_EVERY_MS);
    await pacer.pass();
    for (const some of inTurns(left, ASKED_AT_ONCE)) {
      const orders = some.map(({ line: { channel, orderId } }) => ({ channel, orderId }));
      const { items } = await patiently<Answer>(parts, "/v1/payments/lookup", { orders });
      for (const [index, item] of items.entries()) results.set(some[index]!.line.line, outcomeOf(some[index]!.line, item));
    }
    parts.keep([...results.values()]);
  }
}

/** "  12 meter-online, 3 line": what most of those that are left wait for. */
function waitsOf(left: readonly LineResult[]): string {
  const waits = Map.groupBy(
    left.flatMap(({ command }) => (typeof command?.["waitingFor"] === "string" ? [command["waitingFor"]] : [])),
    (name) => name,
  );
  const most = [...waits].toSorted(([, a], [, b]) => b.length - a.length).slice(0, 2);
  return most.length === 0 ? "" : `  waiting for: ${most.map(([name, those]) => `${name} ${those.length}`).join(", ")}`;
}

const bodyOf = ({ account, amount, channel, orderId }: PaymentLine): Json => ({ account, amount, channel, orderId });

const columns: Readonly<Record<string, string>> = {
  "unknown-account": "account",
  "account-malformed": "account",
  "account-without-meter": "account",
  "account-disputed": "account",
  "meter-quarantined": "account",
  "amount-malformed": "amount",
  "amount-above-cap": "amount",
  "hoard-limit": "amount",
  "unknown-channel": "channel",
  "order-conflict": "orderId",
};
const columnOf = (problem: Json, file: PaymentsFile): string | null => {
  const column = columns[String(problem["code"])] ?? (typeof problem["field"] === "string" ? problem["field"] : undefined);
  return column === undefined ? null : file.headOf(column);
};
