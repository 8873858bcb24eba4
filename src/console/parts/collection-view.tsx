/**
 * Of the midnights that meters owe, how many came: a bar a day, and what is missing by meter. Asked for only while it is open; a bar is
 * as long as its share, and says so in figures too.
 */
import { useEffect, useRef, useState } from "react";
import * as api from "../api.ts";
import type { CollectionDay, CollectionGap, Problem } from "../shapes.ts";
import { useSpeech } from "../words/language.tsx";
import { filled } from "../words/phrases.ts";
import { ProblemNote } from "./problem-note.tsx";

const ASK_EVERY_MS = 30_000;

export function CollectionView({ isOpen, close }: { readonly isOpen: boolean; readonly close: () => void }) {
  const { words, language } = useSpeech();
  const dialog = useRef<HTMLDialogElement>(null);
  const [by, setBy] = useState<"day" | "line">("day");
  const { days, gaps, trouble } = useCollection(isOpen, by);

  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);

  return (
    <dialog ref={dialog} className="legend" aria-labelledby="collection-title" onClose={close} data-testid="collection">
      <div className="legend-head">
        <h2 id="collection-title">{words.collection.title}</h2>
        <button type="button" className="quiet" onClick={() => setBy(by === "day" ? "line" : "day")} data-testid="collection-by">
          {by === "day" ? words.collection.byLine : words.collection.byDay}
        </button>
        <button type="button" className="quiet" onClick={close}>
          {words.close}
        </button>
      </div>
      {trouble !== null && <ProblemNote problem={trouble} />}
      <div className="lines-body">
        <div data-testid="collection-rates">
          <small>{words.collection.hint}</small>
          {days?.length === 0 && <p>{words.collection.none}</p>}
          {days?.map((day) => (
            <div key={`${day.day} ${day.key ?? ""}`} className="rate-row">
              <span>{[day.day, day.key].filter((part) => part !== null).join(" · ")}</span>
              <b>{day.rate === null ? "–" : `${(day.rate * 100).toFixed(2)} %`}</b>
              <meter min={0} max={1} value={day.rate ?? 0} aria-label={day.day} />
              <small>{filled(words.collection.of, { n: day.collected, all: day.expected })}</small>
            </div>
          ))}
        </div>
        <div data-testid="collection-gaps">
          <h3>{words.collection.gaps}</h3>
          {gaps.length === 0 && days !== null && <p>{words.collection.noGaps}</p>}
          {gaps.map((gap) => (
            <div key={`${gap.day} ${gap.meter}`} className="tape-row">
              <small>
                {gap.day} · {gap.line}
              </small>
              <b>{gap.meter}</b> {words.collection.states[gap.state]}
              {gap.says !== null && ` · ${gap.says[language]}`}
            </div>
          ))}
        </div>
      </div>
    </dialog>
  );
}

interface Asked {
  readonly days: readonly CollectionDay[] | null;
  readonly gaps: readonly CollectionGap[];
  readonly trouble: Problem | null;
}

function useCollection(isOpen: boolean, by: "day" | "line"): Asked {
  const [asked, setAsked] = useState<Asked>({ days: null, gaps: [], trouble: null });
  useEffect(() => {
    if (!isOpen) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const ask = async (): Promise<void> => {
      try {
        const [days, gaps] = await Promise.all([api.collectionDays(by), api.collectionGaps()]);
        if (!isOver) setAsked({ days, gaps, trouble: null });
      } catch (error) {
        if (!isOver) setAsked((before) => ({ ...before, trouble: api.problemOf(error) }));
      }
      if (!isOver) timer = setTimeout(() => void ask(), ASK_EVERY_MS);
    };
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [isOpen, by]);
  return asked;
}
