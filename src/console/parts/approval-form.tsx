/**
 * What waits for a second person: who asked, and the two answers. The gateway knows whose key this desk is signed in with, and declines
 * when it is the one who asked; a note is asked for every time, since it stands in the books.
 */
import { useState } from "react";
import { approve, problemOf } from "../api.ts";
import type { Command, Problem } from "../shapes.ts";
import type { Street } from "../street.ts";
import { useSpeech } from "../words/language.tsx";
import { filled } from "../words/phrases.ts";
import { isMoving } from "./progress-track.tsx";
import { ProblemNote } from "./problem-note.tsx";

export function ApprovalForm({ command, street }: { readonly command: Command; readonly street: Street }) {
  const { words } = useSpeech();
  const [note, setNote] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  if (command.approval == null || command.approval.by !== null || !isMoving(command)) return null;

  const say = async (verdict: "approve" | "decline"): Promise<void> => {
    setIsBusy(true);
    setProblem(null);
    try {
      street.tookCommand(await approve(command.id, verdict, note.trim()));
      setNote("");
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setIsBusy(false);
    }
  };

  return (
    <div className="approval" role="group" aria-label={words.approval} data-testid="approval">
      <small>{filled(words.askedByWhom, { who: command.askedByName ?? "…" })}</small>
      <label className="field">
        <span>{words.approvalNote}</span>
        <input value={note} onChange={(event) => setNote(event.target.value)} data-testid="approval-note" />
      </label>
      <div className="approval-verdicts">
        {(["approve", "decline"] as const).map((verdict) => (
          <button
            key={verdict}
            type="button"
            className="quiet"
            disabled={isBusy || note.trim() === ""}
            onClick={() => void say(verdict)}
            data-testid={`approval-${verdict}`}
          >
            {words[verdict]}
          </button>
        ))}
      </div>
      {problem !== null && <ProblemNote problem={problem} />}
    </div>
  );
}
