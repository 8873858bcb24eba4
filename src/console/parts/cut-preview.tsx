/** The dry run: who would be cut now, who owes and would not, and why; sorted by any column, taken along as CSV. */
import { useState } from "react";
import * as api from "../api.ts";
import { useAskedAgain } from "../asked-again.ts";
import type { CutSort } from "../shapes.ts";
import { useSpeech } from "../words/language.tsx";
import { filled } from "../words/phrases.ts";
import { ProblemNote } from "./problem-note.tsx";
import { ReasonedButton } from "./reasoned-button.tsx";

const COLUMNS = ["meter", "account", "class", "line", "owed", "held"] as const;

interface Props {
  readonly isOpen: boolean;
  readonly told: number;
  readonly changed: () => void;
}

export function CutPreview({ isOpen, told, changed }: Props) {
  const { words, language } = useSpeech();
  const said = words.cuts;
  const [sort, setSort] = useState<{ readonly by: CutSort; readonly order: "asc" | "desc" }>({ by: "owed", order: "desc" });
  const ask = () => api.cutPreview(sort.by, sort.order);
  const { found: answer, trouble } = useAskedAgain(isOpen, null, ask, [sort, told]);
  const turn = (by: CutSort): void =>
    setSort((before) => ({ by, order: before.by === by && before.order === "desc" ? "asc" : "desc" }));
  const rows = answer?.items ?? [];
  const more = answer === null ? 0 : answer.due + answer.held - rows.length;
  return (
    <section data-testid="cut-preview">
      <h3>{said.preview}</h3>
      {trouble !== null && <ProblemNote problem={trouble} />}
      {answer !== null && (
        <p>
          {filled(said.wouldBeCut, {
            due: answer.due,
            meters: answer.meters,
            share: answer.sharePercent,
            owed: answer.owed,
            seconds: Math.max(answer.seconds.byLines, answer.seconds.byBrake),
          })}{" "}
          {answer.needsApproval && <b>{said.needsTwo}</b>}{" "}
          <a href={api.cutPreviewFile(sort.by, sort.order)} download="cuts.csv" data-testid="cut-csv">
            {said.export}
          </a>
        </p>
      )}
      {answer !== null && answer.due > 0 && (
        <div className="approval">
          <ReasonedButton
            label={said.proposeReason}
            verb={said.propose}
            send={api.proposeCuts}
            changed={changed}
            name="propose"
          />
        </div>
      )}
      {answer !== null && rows.length === 0 && <p>{said.none}</p>}
      {rows.length > 0 && (
        <table>
          <thead>
            <tr>
              {COLUMNS.map((column) => (
                <th
                  key={column}
                  scope="col"
                  aria-sort={sort.by === column ? (sort.order === "asc" ? "ascending" : "descending") : "none"}
                >
                  <button type="button" className="quiet" onClick={() => turn(column)} data-testid={`cut-sort-${column}`}>
                    {said[column]}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.meter} data-testid="cut-row">
                <td>{row.meter}</td>
                <td>{row.account}</td>
                <td>{row.class}</td>
                <td>{row.line}</td>
                <td className="number">{row.owed}</td>
                <td>
                  {row.due && <b>{said.due}</b>} {row.says.map((one) => one[language]).join("; ")}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {more > 0 && <p>{filled(words.reviews.more, { n: more })}</p>}
    </section>
  );
}
