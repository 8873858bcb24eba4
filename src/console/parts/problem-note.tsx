/** What was declined, as a sentence, and what to do next. Read out at once by screen readers. */
import type { Problem } from "../shapes.ts";
import { told, useSpeech } from "../words/language.tsx";

interface Props {
  readonly problem: Problem;
  /** What the place where it is shown can say better than the table. */
  readonly says?: { readonly sentence: string; readonly next: string };
}

export function ProblemNote({ problem, says }: Props) {
  const { language, words } = useSpeech();
  const { sentence, detail, next } = says === undefined ? told(problem, language) : { ...says, detail: null };
  return (
    <div className="note note-problem" role="alert" data-testid="problem" data-code={problem.code}>
      <p className="note-sentence">{sentence}</p>
      {detail !== null && <p className="note-detail">{detail}</p>}
      {next !== null && (
        <p className="note-next" data-testid="problem-next">
          <b>{words.next}</b> {next}
        </p>
      )}
    </div>
  );
}
