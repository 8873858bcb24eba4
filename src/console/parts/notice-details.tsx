/** One notice: what became of it, its words as they were sent last, every try, and having it tried again once something was mended. */
import { useState } from "react";
import { problemOf } from "../api.ts";
import { useAskedAgain } from "../asked-again.ts";
import { wholeMoment } from "../moments.ts";
import { notice, retryNotice } from "../notice-calls.ts";
import type { WholeNotice } from "../notice-calls.ts";
import type { Problem } from "../shapes.ts";
import { useSpeech } from "../words/language.tsx";
import type { NoticePhrases } from "../words/notices.ts";
import { ProblemNote } from "./problem-note.tsx";

const ASK_EVERY_MS = 5_000;

interface Props {
  readonly id: string;
  readonly nameOf: (account: string) => string;
  readonly told: number;
  readonly changed: () => void;
}

export function NoticeDetails({ id, nameOf, told, changed }: Props) {
  const { words, language } = useSpeech();
  const said = words.notices;
  const { found, trouble } = useAskedAgain(true, ASK_EVERY_MS, () => notice(id), [id, told]);
  return (
    <div data-testid="notice">
      {trouble !== null && <ProblemNote problem={trouble} />}
      {found !== null && (
        <>
          <p>
            <b>{found.title[language]}</b> · {[found.account, nameOf(found.account)].filter((part) => part !== "").join(" · ")}
          </p>
          <dl className="figures">
            {rowsOf(found, said, words.yuan, language).map(([title, value]) => (
              <div key={title}>
                <dt>{title}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
          {(found.state === "failed" || found.state === "waiting") && <Retry id={id} changed={changed} />}
          {found.said !== null && (
            <section>
              <h3>{said.text}</h3>
              <p>
                <b>{found.said.subject}</b>
              </p>
              <p>{found.said.text}</p>
            </section>
          )}
          <section data-testid="notice-tries">
            <h3>{said.tries}</h3>
            {found.attempts.length === 0 && <p>{said.noTries}</p>}
            {found.attempts.map((one) => (
              <div key={one.number} className="tape-row">
                <small>
                  {one.number} · {wholeMoment(one.at)} · {one.channel}
                </small>
                <b>{said.outcomes[one.outcome] ?? one.outcome}</b> {one.words}
              </div>
            ))}
          </section>
        </>
      )}
    </div>
  );
}

function Retry({ id, changed }: { readonly id: string; readonly changed: () => void }) {
  const said = useSpeech().words.notices;
  const [isBusy, setIsBusy] = useState(false);
  const [isDone, setIsDone] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const retry = (): void => {
    setIsBusy(true);
    setIsDone(false);
    setProblem(null);
    retryNotice(id)
      .then(() => {
        setIsDone(true);
        changed();
      })
      .catch((error: unknown) => setProblem(problemOf(error)))
      .finally(() => setIsBusy(false));
  };
  return (
    <div>
      <button type="button" className="quiet" disabled={isBusy} onClick={retry} data-testid="notice-retry">
        {said.retry}
      </button>{" "}
      <span role="status">{isDone && said.retried}</span>
      {problem !== null && <ProblemNote problem={problem} />}
    </div>
  );
}

function rowsOf(
  one: WholeNotice,
  said: NoticePhrases,
  yuan: string,
  language: "en" | "zh",
): readonly (readonly [title: string, value: string])[] {
  const when = (at: string | null): string => (at === null ? "" : wholeMoment(at));
  const reach = Object.values(one.reach).join(" · ");
  const rows = [
    [said.filter, (said.states as Readonly<Record<string, string>>)[one.state] ?? one.state],
    [said.because, one.because?.[language] ?? ""],
    [said.became, when(one.at)],
    [said.balance, one.balance === null ? "" : `${one.balance} ${yuan}`],
    [said.reach, reach === "" ? said.nobody : reach],
    [said.delivered, one.delivered === null ? "" : `${when(one.delivered)} · ${one.channel ?? ""}`],
    [said.nextAt, when(one.nextAt)],
    [said.notAfter, when(one.notAfter)],
  ] as const;
  return rows.filter(([, value]) => value !== "");
}
