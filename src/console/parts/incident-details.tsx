/** One stretch of dark hours: when supply may be expected, why it is not back, who had it, and what people say about it. */
import { useAskedAgain } from "../asked-again.ts";
import { wholeMoment } from "../moments.ts";
import { expectedSupply, incident } from "../recovery-calls.ts";
import type { WholeIncident } from "../recovery-calls.ts";
import { useSpeech } from "../words/language.tsx";
import { filled } from "../words/phrases.ts";
import type { DarkHoursPhrases } from "../words/dark-hours.ts";
import { IncidentForm } from "./incident-form.tsx";
import { ProblemNote } from "./problem-note.tsx";

const ASK_EVERY_MS = 15_000;

interface Props {
  readonly id: string;
  readonly name: string;
  readonly told: number;
  readonly changed: () => void;
  /** Null: its item is not among the open ones. */
  readonly openItem: (() => void) | null;
}

export function IncidentDetails({ id, name, told, changed, openItem }: Props) {
  const { words, language } = useSpeech();
  const said = words.darkHours;
  const { found, trouble } = useAskedAgain(true, ASK_EVERY_MS, () => incident(id), [id, told]);
  const rows = found === null ? [] : rowsOf(found, name, said, language);
  return (
    <div data-testid="incident">
      {trouble !== null && <ProblemNote problem={trouble} />}
      {found !== null && (
        <>
          <p>
            <b>{found.title[language]}</b>
          </p>
          {found.state === "open" && found.account !== null && <ExpectedBack account={found.account} told={told} />}
          <dl className="figures">
            {rows.map(([title, value]) => (
              <div key={title}>
                <dt>{title}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
          {openItem !== null && (
            <button type="button" className="quiet" onClick={openItem} data-testid="incident-item">
              {said.toItem}
            </button>
          )}
          <IncidentForm incident={found} changed={changed} />
          <History of={found} />
        </>
      )}
    </div>
  );
}

/** What whoever is on the telephone says: the same answer that the call centre reads. */
function ExpectedBack({ account, told }: { readonly account: string; readonly told: number }) {
  const { words, language } = useSpeech();
  const { found, trouble } = useAskedAgain(true, ASK_EVERY_MS, () => expectedSupply(account), [account, told]);
  if (found === null) return trouble === null ? null : <ProblemNote problem={trouble} />;
  const when = found.at === null ? "" : ` (${wholeMoment(found.at)})`;
  return (
    <p data-testid="incident-expected">
      <b>{words.darkHours.expected}</b> {found.words[language]}
      {when}
    </p>
  );
}

type Row = readonly [title: string, value: string];

function rowsOf(one: WholeIncident, name: string, said: DarkHoursPhrases, language: "en" | "zh"): readonly Row[] {
  const marks: Readonly<Record<string, string>> = said.marks;
  const when = (at: string | null): string => (at === null ? "" : wholeMoment(at));
  const lasted = one.minutes === null ? "" : filled(said.minutes, { n: one.minutes });
  const followed = { when: when(one.followedUpAt), who: one.followedUpBy ?? "", what: one.followUpNote ?? "" };
  const asking = one.followUpAt === null ? "" : filled(said.askBy, { when: when(one.followUpAt) });
  const rows: readonly Row[] = [
    [said.account, together(one.account, name === one.account ? null : name)],
    [said.meter, one.meter],
    [said.line, together(one.bus, one.model)],
    [said.also, together(...one.also.map((code) => said.causes[code] ?? code))],
    [said.darkSince, when(one.darkSince)],
    [said.wishedAt, when(one.wishedAt)],
    [said.reason, one.state === "open" ? together(one.reason?.[language]) : ""],
    [said.restoredAt, together(when(one.restoredAt), lasted)],
    [said.owner, one.owner ?? ""],
    [said.level, one.state === "open" ? (said.levels[one.level] ?? String(one.level)) : ""],
    [said.energy, one.energyBefore === null ? "" : `${one.energyBefore} → ${one.energyAfter ?? "?"} kWh`],
    [said.compensation, together(marks[one.compensation] ?? one.compensation, one.compensationNote, one.compensationBy)],
    [said.followUp, one.followedUpAt === null ? asking : filled(said.followUpBy, followed)],
  ];
  return rows.filter(([, value]) => value !== "");
}

const together = (...parts: readonly (string | null | undefined)[]): string =>
  parts.filter((part) => part !== null && part !== undefined && part !== "").join(" · ");

/** Steps of the dark hours and the hands through which their item went, in the order in which they happened. */
function History({ of: { steps, handOvers } }: { readonly of: WholeIncident }) {
  const said = useSpeech().words.darkHours;
  const hands = handOvers.map(({ from, to, ...step }) => ({ ...step, hands: to === null ? null : `${from ?? ""} → ${to}` }));
  const all = [...steps.map((step) => ({ ...step, hands: null })), ...hands].sort((a, b) => a.at.localeCompare(b.at));
  return (
    <section data-testid="incident-history">
      <h3>{said.history}</h3>
      {all.map((step, n) => (
        // two things happen in one moment, and nothing is ever taken out
        <div key={`${step.at} ${step.what} ${String(n)}`} className="tape-row">
          <small>{wholeMoment(step.at)}</small>
          {together(said.steps[step.what] ?? step.what, step.hands, step.by, step.note)}
        </div>
      ))}
    </section>
  );
}
