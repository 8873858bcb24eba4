/**
 * The chain as a file of JSON lines, for auditors who have no database: a heading, one line for each link with its row, and a last line
 * that says where the chain ended, so that a file that was cut short is noticed.
 *
 * `before` and `after` stand there as the text that was hashed. Rows may stand in the file only as they stand in the chain.
 */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { Fault } from "../kernel/faults.ts";
import type { Head, Link } from "./audit-row.ts";

const FORM = "fee-control-audit/1";
const HEX = /^[0-9a-f]{64}$/;

export const heading = (exportedAt: string): string => JSON.stringify({ form: FORM, exportedAt });
export const linkLine = ({ sequence, previous, hash, id, row }: Link): string =>
  JSON.stringify({ sequence, previous, hash, id, row });
export const closing = (end: Head): string => JSON.stringify({ end });

/** The links of a file; `onEnd` hears where the file says that the chain ended, or null when it stops without saying so. */
export async function* readLinks(file: string, onEnd: (end: Head | null) => void): AsyncGenerator<Link> {
  let number = 0;
  let end: Head | null = null;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    number += 1;
    const found = fieldsOf(line, `${file}, line ${number}`);
    if (number === 1) {
      if (found["form"] !== FORM) throw new Fault("invalid-request", { file, problem: `not an export of the form ${FORM}` });
    } else if (end !== null)
      throw new Fault("invalid-request", { where: `${file}, line ${number}`, problem: "something stands behind the end" });
    else if (found["end"] !== undefined) end = found["end"] as Head;
    else yield linkOf(found, `${file}, line ${number}`);
  }
  onEnd(end);
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(line: string, where: string): Fields {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed === "object" && parsed !== null) return parsed as Fields;
  } catch {
    // told below
  }
  throw new Fault("invalid-request", { where, problem: "no JSON line of an export" });
}

const isTextOrNull = (value: unknown): boolean => value === null || typeof value === "string";

function linkOf(fields: Fields, where: string): Link {
  const { sequence, previous, hash, id } = fields;
  const row = fields["row"] as Fields | null | undefined;
  const texts = ["id", "at", "who", "what", "subject"];
  const fits =
    Number.isSafeInteger(sequence) &&
    [previous, hash].every((text) => typeof text === "string" && HEX.test(text)) &&
    typeof id === "string" &&
    row !== undefined &&
    (row === null ||
      (texts.every((name) => typeof row[name] === "string") &&
        ["before", "after", "because"].every((name) => isTextOrNull(row[name]))));
  if (!fits) throw new Fault("invalid-request", { where, problem: "a link of the chain has lost its form" });
  return fields as unknown as Link;
}
