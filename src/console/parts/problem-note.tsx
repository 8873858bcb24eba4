/** What was declined, as a sentence, and what to do next. Read out at once by screen readers. */
import type { Problem } from "../shapes.ts";
import { told, useSpeech } from "../words/language.tsx";

export function ProblemNote({ problem }: { readonly problem: Problem }) {
  const { language, words } = useSpeech();
  const { sentence, detail, next } = told(problem, language);
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
