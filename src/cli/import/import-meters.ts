/** Meters from a table: every line checked, here and at the gateway, before one is added; said again, what is there stays as it is. */
import { stringify } from "csv-stringify/sync";
import { Exit } from "../exits.ts";
import type { Json } from "../api-client.ts";
import { inTurns, patiently, sayOf, type CallParts } from "./calls.ts";
import { meterColumns, type MeterLine, type MetersFile } from "./meters-file.ts";
import type { Complaint } from "./table.ts";

const AT_ONCE = 200;

export type MeterOutcome = "added" | "known" | "refused" | "faulty" | "not-sent";

export interface MeterResult {
  readonly line: MeterLine;
  readonly outcome: MeterOutcome;
  readonly why: string;
}

export interface MetersEnd {
  readonly code: number;
  readonly results: readonly MeterResult[];
  readonly complaints: readonly Complaint[];
  readonly stopped: boolean;
}

interface Answer extends Json {
  readonly items: readonly { readonly what: "added" | "known" | null; readonly problem: Json | null }[];
}

export interface ImportMetersParts extends CallParts {
  /** Keeps what is known so far, whole: of a run that breaks off, too. */
  readonly keep: (results: readonly MeterResult[]) => void;
}

export async function importMeters(file: MetersFile, skipFaulty: boolean, parts: ImportMetersParts): Promise<MetersEnd> {
  const { pacer } = parts;
  const complaints = [...file.complaints];
  const results = new Map<number, MeterResult>();
  const sound = (): readonly MeterLine[] => {
    const faulty = new Set(complaints.map(({ line }) => line));
    return file.lines.filter(({ line }) => !faulty.has(line));
  };

  pacer.begin("checking 校验", sound().length);
  await each(sound(), true, parts, (line, { problem }) => {
    if (problem !== null) complaints.push({ line: line.line, column: columnOf(problem, file), say: sayOf(problem) });
  });
  const whys = Map.groupBy(complaints, ({ line }) => line);
  for (const line of file.lines) {
    const why = (whys.get(line.line) ?? []).map(({ say }) => say).join(" ");
    results.set(line.line, { line, outcome: why === "" ? "not-sent" : "faulty", why });
  }
  const end = (code: number): MetersEnd => ({
    code,
    results: [...results.values()],
    complaints: complaints.toSorted((a, b) => a.line - b.line),
    stopped: pacer.isStopped(),
  });
  if (complaints.length > 0 && !skipFaulty) return end(Exit.wrongUse);

  pacer.begin("adding 建档", sound().length);
  parts.keep([...results.values()]);
  try {
    await each(sound(), false, parts, (line, { what, problem }) => {
      results.set(line.line, { line, outcome: what ?? "refused", why: problem === null ? "" : sayOf(problem) });
    });
  } finally {
    parts.keep([...results.values()]);
  }
  const fine = [...results.values()].every(({ outcome }) => outcome === "added" || outcome === "known");
  return end(fine ? Exit.done : Exit.failed);
}

async function each(
  lines: readonly MeterLine[],
  check: boolean,
  parts: CallParts,
  hear: (line: MeterLine, item: Answer["items"][number]) => void,
): Promise<void> {
  let done = 0;
  for (const some of inTurns(lines, AT_ONCE)) {
    await parts.pacer.pass();
    if (parts.pacer.isStopped()) return;
    const { items } = await patiently<Answer>(parts, "/v1/meters/batch", { items: some.map(({ body }) => body), check });
    for (const [index, item] of items.entries()) hear(some[index]!, item);
    done += some.length;
    parts.pacer.show(done);
  }
}

/** A fault names its field; where it does not, the line's address is what it is about. */
const columnOf = (problem: Json, file: MetersFile): string =>
  file.headOf(typeof problem["field"] === "string" && problem["field"] !== "" ? problem["field"] : "address");

export function meterResultTable(results: readonly MeterResult[]): string {
  const heads = meterColumns.map(({ name }) => name);
  const rows = results.map(({ line, outcome, why }) => [
    String(line.line),
    outcome,
    why,
    ...heads.map((name) => line.body[name] ?? ""),
  ]);
  return stringify([["line", "outcome", "why", ...heads], ...rows], { bom: true, record_delimiter: "windows" });
}
