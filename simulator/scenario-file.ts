/**
 * Scenario files, read: one of the user's own by its path, one that is shipped by its name. What is wrong is said with line and
 * field, since a scenario is written by hand. The comment at the top of a file is its summary.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { isNode, LineCounter, parseDocument } from "yaml";
import type { Document } from "yaml";
import { isFault, reasonOf } from "../src/kernel/faults.ts";
import { MisplacedFault } from "./placed-faults.ts";
import { scenarioShape } from "./scenario.ts";
import type { Scenario } from "./scenario.ts";

const SHIPPED = join(import.meta.dirname, "scenarios");
const ENDING = ".yaml";

/** What a scenario file says wrongly, and where. */
export class ScenarioError extends Error {}

export interface ScenarioFile {
  readonly scenario: Scenario;
  /** The error for a part of the file: its path there, and what is wrong with it. */
  wrong(path: readonly (string | number)[], error: unknown): ScenarioError;
}

export const shippedScenarios = (): readonly { readonly name: string; readonly tells: string }[] =>
  readdirSync(SHIPPED)
    .filter((file) => file.endsWith(ENDING))
    .sort()
    .map((file) => ({ name: basename(file, ENDING), tells: headOf(readFileSync(join(SHIPPED, file), "utf8")) }));

export const scenarioList = (): string =>
  [
    "Scenarios that come with the street, for --scenario NAME:",
    "",
    ...shippedScenarios().flatMap(({ name, tells }) => [`  ${name}`, ...wrapped(tells, 100).map((line) => `      ${line}`), ""]),
  ].join("\n");

/** A shipped scenario's name, or the path of a file. */
export function readScenario(nameOrFile: string): ScenarioFile {
  const isShipped = /^[0-9a-z-]+$/.test(nameOrFile) && shippedScenarios().some(({ name }) => name === nameOrFile);
  let text: string;
  try {
    text = readFileSync(isShipped ? join(SHIPPED, nameOrFile + ENDING) : nameOrFile, "utf8");
  } catch (error) {
    throw new ScenarioError(`${reasonOf(error)}; --list-scenarios names those that come with the street`, { cause: error });
  }
  return scenarioIn(text);
}

export function scenarioIn(text: string): ScenarioFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [broken] = document.errors;
  if (broken !== undefined)
    throw new ScenarioError(`line ${lines.linePos(broken.pos[0]).line}: ${broken.message}`, { cause: broken });
  const wrong: ScenarioFile["wrong"] = (path, error) => {
    const field = fieldOf(error);
    const line = lineOf(document, lines, [...path, ...(field?.split(".") ?? [])]);
    const where = [path.join("."), ...(field === undefined ? [] : [field])].filter((part) => part !== "").join(": ");
    return new ScenarioError(`line ${line}: ${where || "file"}: ${saidOf(error)}`, { cause: error });
  };
  const result = scenarioShape.safeParse(document.toJS() ?? {});
  if (result.success) return { scenario: result.data, wrong };
  const issue = result.error.issues[0]!;
  const stranger = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  throw wrong([...issue.path.map((part) => (typeof part === "symbol" ? "" : part)), ...stranger], issue.message);
}

/** A fault in the wrong place says whose fault it is. */
const rootOf = (error: unknown): unknown => (error instanceof MisplacedFault && isFault(error.cause) ? error.cause : error);

function fieldOf(given: unknown): string | undefined {
  const error = rootOf(given);
  return isFault(error) && typeof error.context["field"] === "string" ? error.context["field"] : undefined;
}

function saidOf(given: unknown): string {
  if (typeof given === "string") return given;
  const error = rootOf(given);
  return isFault(error) && typeof error.context["allowed"] === "string" ? error.context["allowed"] : reasonOf(error);
}

/** The line of the innermost part that is there: what is missing is missing in it. */
function lineOf(document: Document.Parsed, lines: LineCounter, path: readonly (string | number)[]): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const key = keyAt(document, path.slice(0, length));
    if (key !== undefined) return lines.linePos(key).line;
  }
  return 1;
}

function keyAt(document: Document.Parsed, path: readonly (string | number)[]): number | undefined {
  const node: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
  return isNode(node) ? node.range?.[0] : undefined;
}

/** The first comment, its lines joined. */
function headOf(text: string): string {
  const head = /^(?:#[^\n]*\n)+/.exec(text)?.[0] ?? "";
  return head
    .split("\n")
    .map((line) => line.replace(/^#\s?/, "").trim())
    .filter((line) => line !== "")
    .join(" ");
}

function wrapped(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" "))
    if (lines.at(-1)!.length + word.length < width) lines.push(`${lines.pop()!} ${word}`.trim());
    else lines.push(word);
  return lines;
}
