/** A button that asks for a reason first: nothing is stopped, released or proposed without one, since it stands in the books. */
import { useState } from "react";
import { problemOf } from "../api.ts";
import type { Problem } from "../shapes.ts";
import { ProblemNote } from "./problem-note.tsx";

interface Props {
  readonly label: string;
  readonly verb: string;
  readonly send: (reason: string) => Promise<unknown>;
  readonly changed: () => void;
  readonly name: string;
  readonly isRed?: boolean;
  /** False: what goes along with the reason is not said yet. */
  readonly isReady?: boolean;
}

export function ReasonedButton({ label, verb, send, changed, name, isRed = false, isReady = true }: Props) {
  const [reason, setReason] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const say = (): void => {
    setIsBusy(true);
    setProblem(null);
    send(reason.trim())
      .then(() => {
        setReason("");
        changed();
      })
      .catch((error: unknown) => setProblem(problemOf(error)))
      .finally(() => setIsBusy(false));
  };
  return (
    <>
      <label className="field">
        <span>{label}</span>
        <input value={reason} onChange={(event) => setReason(event.target.value)} data-testid={`${name}-reason`} />
      </label>
      <button
        type="button"
        className={isRed ? "emergency" : "quiet"}
        disabled={isBusy || !isReady || reason.trim() === ""}
        onClick={say}
        data-testid={`${name}-say`}
      >
        {verb}
      </button>
      {problem !== null && <ProblemNote problem={problem} />}
    </>
  );
}
