/**
 * Of the midnights that meters owe, how many came: a bar a day, and what is missing by meter. Asked for only while it is open; a bar is
 * as long as its share, and says so in figures too.
 */
import { useState } from "react";
import * as api from "../api.ts";
import { useAskedAgain } from "../asked-again.ts";
import { useSpeech } from "../words/language.tsx";
import { filled } from "../words/phrases.ts";
import { ProblemNote } from "./problem-note.tsx";
import { Sheet } from "./sheet.tsx";

const ASK_EVERY_MS = 30_000;

export function CollectionView({ isOpen, close }: { readonly isOpen: boolean; readonly close: () => void }) {
  const { words, language } = useSpeech();
  const [by, setBy] = useState<"day" | "line">("day");
  const ask = () => Promise.all([api.collectionDays(by), api.collectionGaps()]);
  const { found, trouble } = useAskedAgain(isOpen, ASK_EVERY_MS, ask, [by]);
  const [days, gaps] = found ?? [null, null];
  const behind = gaps === null ? 0 : gaps.total - gaps.items.length;

  const turn = (
    <button type="button" className="quiet" onClick={() => setBy(by === "day" ? "line" : "day")} data-testid="collection-by">
      {by === "day" ? words.collection.byLine : words.collection.byDay}
    </button>
  );
  return (
    <Sheet isOpen={isOpen} close={close} title={words.collection.title} testId="collection" tools={turn}>
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
          {gaps?.total === 0 && <p>{words.collection.noGaps}</p>}
          {gaps?.items.map((gap) => (
            <div key={`${gap.day} ${gap.meter}`} className="tape-row">
              <small>
                {gap.day} · {gap.line}
              </small>
              <b>{gap.meter}</b> {words.collection.states[gap.state]}
              {gap.says !== null && ` · ${gap.says[language]}`}
            </div>
          ))}
          {behind > 0 && <p>{filled(words.collection.more, { n: behind })}</p>}
        </div>
      </div>
    </Sheet>
  );
}
