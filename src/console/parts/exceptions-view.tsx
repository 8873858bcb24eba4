/**
 * What waits for a person: the open items with their owner and next step, one of them with its evidence, and the ways out of it.
 * Closing needs a note; a disputed top-up is decided, not closed; a suggested entry is applied with one press and a note.
 */
import { useEffect, useState } from "react";
import * as api from "../api.ts";
import { moment } from "../moments.ts";
import type { Attempt, ExceptionItem, Problem } from "../shapes.ts";
import { reasonWords, useSpeech } from "../words/language.tsx";
import { filled } from "../words/phrases.ts";
import { Frames } from "./evidence.tsx";
import { ExceptionForm } from "./exception-form.tsx";
import { ProblemNote } from "./problem-note.tsx";
import { Sheet } from "./sheet.tsx";

interface Props {
  readonly isOpen: boolean;
  readonly items: readonly ExceptionItem[];
  /** By its id; one that is not among them: the first. */
  readonly chosen: string | null;
  readonly choose: (id: string) => void;
  /** After something was decided here: the list is asked for again. */
  readonly changed: () => void;
  readonly close: () => void;
}

export function ExceptionsView({ isOpen, items, chosen, choose, changed, close }: Props) {
  const speech = useSpeech();
  const { words, language } = speech;
  const shown = items.find(({ id }) => id === chosen) ?? items[0] ?? null;

  return (
    <Sheet isOpen={isOpen} close={close} title={words.exceptions.title} testId="exceptions">
      <div className="lines-body">
        <div className="lines-list">
          {items.length === 0 && <p>{words.exceptions.none}</p>}
          {items.map((item) => (
            <button
              key={item.id}
              type="button"
              aria-current={item.id === shown?.id}
              onClick={() => choose(item.id)}
              data-testid="exception-row"
            >
              <b>{item.title[language]}</b>
              <small>{[item.meter ?? item.account, item.owner].filter((part) => part !== null).join(" · ")}</small>
              <small>
                {item.overdue && <mark>{words.exceptions.overdue}</mark>} {moment(item.openedAt, null)}
              </small>
            </button>
          ))}
        </div>
        {shown !== null && isOpen && (
          <div data-testid="exception">
            <p>
              {becauseOf(shown, speech)}
              {shown.count > 1 && ` · ${filled(words.exceptions.times, { n: shown.count })}`}
            </p>
            <p>
              <b>{words.next}</b> {shown.nextStep[language]}
            </p>
            <Whole key={`${shown.id} ${shown.lastAt}`} id={shown.id} />
            <ExceptionForm key={shown.id} item={shown} changed={changed} />
          </div>
        )}
      </div>
    </Sheet>
  );
}

function becauseOf({ title, because, says }: ExceptionItem, speech: ReturnType<typeof useSpeech>): string {
  const { language } = speech;
  if (because === null) return title[language];
  return `${title[language]} · ${says === null ? reasonWords(because, speech) : says[language]}`;
}

interface Details {
  readonly figures: readonly (readonly [string, string])[];
  readonly attempts: readonly Attempt[];
}

/** Readings, figures and frames, fetched when somebody looks. */
function Whole({ id }: { readonly id: string }) {
  const { words } = useSpeech();
  const [details, setDetails] = useState<Details | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    let isOver = false;
    api
      .exception(id)
      .then((item) => {
        if (!isOver) setDetails({ figures: figuresOf(item.evidence), attempts: item.attempts });
      })
      .catch((error: unknown) => {
        if (!isOver) setProblem(api.problemOf(error));
      });
    return () => {
      isOver = true;
    };
  }, [id]);
  return (
    <>
      {problem !== null && <ProblemNote problem={problem} />}
      {details !== null && details.figures.length > 0 && (
        <dl className="figures">
          {details.figures.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {details !== null && details.attempts.length > 0 && (
        <section>
          <h3>{words.evidence}</h3>
          <Frames attempts={details.attempts} today={null} />
        </section>
      )}
    </>
  );
}

type Json = Readonly<Record<string, unknown>>;
const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : []);
const text = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "");

/** Readings by name, and what a comparison found. */
function figuresOf(evidence: Json): readonly (readonly [string, string])[] {
  const readings = list(evidence["readings"]).map(
    ({ item, value, unit, takenAt }) =>
      [text(item), `${text(value)} ${text(unit)} ${takenAt === undefined ? "" : moment(text(takenAt), null)}`.trim()] as const,
  );
  const findings = list(evidence["findings"]).map(
    ({ what, expected, found, difference, unit }) =>
      [text(what), `${text(found)} ≠ ${text(expected)} (${text(difference)} ${text(unit)})`] as const,
  );
  const note = text(evidence["note"]);
  return [...findings, ...(note === "" ? [] : [["!", note] as const]), ...readings];
}
