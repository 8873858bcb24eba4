/** What people say about dark hours: how they are compensated, and that the customer was asked, once, when supply is back. Each with a note. */
import { useState } from "react";
import { problemOf } from "../api.ts";
import { compensate, compensations, followUp } from "../recovery-calls.ts";
import type { Compensation, Incident } from "../recovery-calls.ts";
import type { Problem } from "../shapes.ts";
import { useSpeech } from "../words/language.tsx";
import { ProblemNote } from "./problem-note.tsx";

export function IncidentForm({ incident, changed }: { readonly incident: Incident; readonly changed: () => void }) {
  const said = useSpeech().words.darkHours;
  const [note, setNote] = useState("");
  const [mark, setMark] = useState<Compensation>("paid");
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const mayNot = isBusy || note.trim() === "";

  const send = (ask: (note: string) => Promise<unknown>): void => {
    setIsBusy(true);
    setProblem(null);
    ask(note.trim())
      .then(() => {
        setNote("");
        changed();
      })
      .catch((error: unknown) => setProblem(problemOf(error)))
      .finally(() => setIsBusy(false));
  };

  return (
    <div className="exception-form">
      <label className="field">
        <span>{said.note}</span>
        <textarea
          value={note}
          rows={2}
          maxLength={1_000}
          onChange={(event) => setNote(event.target.value)}
          data-testid="incident-note"
        />
      </label>
      <div className="exception-ends">
        <select
          value={mark}
          aria-label={said.markAs}
          onChange={(event) => setMark(event.target.value as Compensation)}
          data-testid="incident-mark"
        >
          {compensations.map((one) => (
            <option key={one} value={one}>
              {said.marks[one]}
            </option>
          ))}
        </select>
        <button
          type="button"
          className="quiet"
          disabled={mayNot}
          onClick={() => send((text) => compensate(incident.id, mark, text))}
          data-testid="incident-compensate"
        >
          {said.mark}
        </button>
        {incident.restoredAt !== null && incident.followedUpAt === null && (
          <button
            type="button"
            className="quiet"
            disabled={mayNot}
            onClick={() => send((text) => followUp(incident.id, text))}
            data-testid="incident-follow-up"
          >
            {said.wasAsked}
          </button>
        )}
      </div>
      {problem !== null && <ProblemNote problem={problem} />}
    </div>
  );
}
