/** What can be done about one item: close it or decide it, apply what is suggested, hand it over. Each needs a note, kept with the item. */
import { useState } from "react";
import * as api from "../api.ts";
import type { ExceptionItem, Problem } from "../shapes.ts";
import { useSpeech } from "../words/language.tsx";
import { ProblemNote } from "./problem-note.tsx";

interface Props {
  readonly item: ExceptionItem;
  readonly changed: () => void;
}

export function ExceptionForm({ item, changed }: Props) {
  const { words } = useSpeech();
  const [note, setNote] = useState("");
  const [owner, setOwner] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const { command, suggestion } = item;

  const send = (ask: (note: string) => Promise<unknown>): void => {
    setIsBusy(true);
    setProblem(null);
    ask(note.trim())
      .then(() => {
        setNote("");
        setOwner("");
        changed();
      })
      .catch((error: unknown) => setProblem(api.problemOf(error)))
      .finally(() => setIsBusy(false));
  };
  const mayNot = isBusy || note.trim() === "";
  const decide = (verdict: "done" | "not-done") => (
    <button
      type="button"
      disabled={mayNot}
      onClick={() => send((said) => api.decide(command!, verdict, said))}
      data-testid={`exception-${verdict}`}
    >
      {words.exceptions[verdict === "done" ? "wasDone" : "wasNotDone"]}
    </button>
  );

  return (
    <div className="exception-form">
      {suggestion !== null && (
        <ul data-testid="suggestion">
          {suggestion.legs.map((leg) => (
            <li key={leg.book}>
              {leg.book} <b>{leg.amount}</b>
            </li>
          ))}
        </ul>
      )}
      <label>
        {words.exceptions.note}
        <textarea
          value={note}
          rows={2}
          maxLength={1_000}
          onChange={(event) => setNote(event.target.value)}
          data-testid="exception-note"
        />
      </label>
      <div className="exception-ends">
        {item.kind === "command-disputed" && command !== null ? (
          <>
            {decide("done")}
            {decide("not-done")}
          </>
        ) : (
          <button
            type="button"
            disabled={mayNot}
            onClick={() => send((said) => api.endException(item.id, "close", said))}
            data-testid="exception-close"
          >
            {words.exceptions.close}
          </button>
        )}
        {suggestion !== null && (
          <button
            type="button"
            disabled={mayNot}
            onClick={() => send((said) => api.endException(item.id, "apply", said))}
            data-testid="exception-apply"
          >
            {words.exceptions.apply}
          </button>
        )}
        <input
          value={owner}
          maxLength={60}
          placeholder={words.exceptions.newOwner}
          aria-label={words.exceptions.newOwner}
          onChange={(event) => setOwner(event.target.value)}
          data-testid="exception-owner"
        />
        <button
          type="button"
          className="quiet"
          disabled={mayNot || owner.trim() === ""}
          onClick={() => send((said) => api.handOver(item.id, owner.trim(), said))}
          data-testid="exception-assign"
        >
          {words.exceptions.assign}
        </button>
      </div>
      {problem !== null && <ProblemNote problem={problem} />}
    </div>
  );
}
