/**
 * By which numbers the gateway is judged: today and this month side by side, beside what is aimed at. Whoever doubts one takes the rows of the
 * month along and computes it again. Asked for while somebody looks; a target that is missed says so in words, not by a colour alone.
 */
import { useState } from "react";
import * as api from "../api.ts";
import { useAskedAgain } from "../asked-again.ts";
import type { Figure, Parting } from "../shapes.ts";
import { useSpeech } from "../words/language.tsx";
import { filled } from "../words/phrases.ts";
import { ProblemNote } from "./problem-note.tsx";
import { Sheet } from "./sheet.tsx";

const ASK_EVERY_MS = 60_000;

export function IndicatorsView({ isOpen, close }: { readonly isOpen: boolean; readonly close: () => void }) {
  const { words, language } = useSpeech();
  const said = words.indicators;
  const [by, setBy] = useState<Parting>("none");
  const ask = async () => {
    const month = await api.indicators({}, by);
    return { month, today: await api.indicators({ from: month.to, to: month.to }, by) };
  };
  const { found, trouble } = useAskedAgain(isOpen, ASK_EVERY_MS, ask, [by]);
  const todayOf = (figure: Figure): Figure | undefined =>
    found?.today.items.find(({ name, key }) => name === figure.name && key === figure.key);

  const turn = (
    <button type="button" className="quiet" onClick={() => setBy(by === "none" ? "class" : "none")} data-testid="indicators-by">
      {by === "none" ? said.byClass : said.together}
    </button>
  );
  return (
    <Sheet isOpen={isOpen} close={close} title={said.title} testId="indicators" tools={turn}>
      {trouble !== null && <ProblemNote problem={trouble} />}
      {found !== null && (
        <div className="indicators-body">
          <small>{filled(said.hint, { from: found.month.from, to: found.month.to })}</small>
          <table data-testid="indicators-table">
            <thead>
              <tr>
                <th scope="col">{said.title}</th>
                <th scope="col">{said.today}</th>
                <th scope="col">{said.month}</th>
                <th scope="col">{said.target}</th>
                <th scope="col">{said.rows}</th>
              </tr>
            </thead>
            <tbody>
              {found.month.items.map((figure) => (
                <tr key={`${figure.name} ${figure.key ?? ""}`} data-testid={`indicator-${figure.name}`}>
                  <td>
                    {figure.title[language]} {figure.key !== null && <small>{figure.key}</small>}
                  </td>
                  <Told figure={todayOf(figure)} label={said.today} missed={said.missed} />
                  <Told figure={figure} label={said.month} missed={said.missed} />
                  <td data-label={said.target}>{targetOf(figure, said)}</td>
                  <td>
                    <a href={api.indicatorFile(figure.name, found.month)} download>
                      CSV
                    </a>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Sheet>
  );
}

interface ToldProps {
  readonly figure: Figure | undefined;
  /** Its column, where there is no room for a head. */
  readonly label: string;
  readonly missed: string;
}

function Told({ figure, label, missed }: ToldProps) {
  if (figure === undefined)
    return (
      <td className="number" data-label={label}>
        –
      </td>
    );
  const { value, unit, numerator, denominator, meets } = figure;
  return (
    <td className="number" data-label={label} data-meets={meets}>
      {valueText(value, unit)}
      {numerator !== null && denominator !== null && (
        <small>
          {" "}
          {numerator}/{denominator}
        </small>
      )}
      {meets === false && <b> {missed}</b>}
    </td>
  );
}

function targetOf({ target, unit }: Figure, said: Readonly<Record<"atLeast" | "atMost" | "noTarget", string>>): string {
  if (target === null) return said.noTarget;
  return filled(target.way === "at-least" ? said.atLeast : said.atMost, { n: valueText(target.value, unit) });
}

function valueText(value: number | null, unit: Figure["unit"]): string {
  if (value === null) return "–";
  if (unit === "share") return `${(value * 100).toFixed(2)} %`;
  return unit === "seconds" ? `${value} s` : String(value);
}
