/**
 * Times in which nobody is cut: what stands and what is coming, each with the way to end it; the newest of those that are past; and the way
 * to say another. They come and go by the clock, without an announcement, so they are asked for now and then while somebody looks.
 */
import { useState } from "react";
import { useAskedAgain } from "../asked-again.ts";
import { wholeMoment } from "../moments.ts";
import { endNoCut, noCuts, noCutScopes } from "../no-cut-calls.ts";
import type { NoCut } from "../no-cut-calls.ts";
import { useSpeech } from "../words/language.tsx";
import { filled } from "../words/phrases.ts";
import type { NoCutPhrases } from "../words/no-cuts.ts";
import { NoCutForm } from "./no-cut-form.tsx";
import { ProblemNote } from "./problem-note.tsx";
import { ReasonedButton } from "./reasoned-button.tsx";

const ASK_EVERY_MS = 30_000;

interface Props {
  readonly isOpen: boolean;
  /** Rises with each announcement about cuts. */
  readonly told: number;
}

export function NoCuts({ isOpen, told }: Props) {
  const said = useSpeech().words.noCuts;
  const [asked, setAsked] = useState(0);
  const [isSaying, setIsSaying] = useState(false);
  const { found, trouble } = useAskedAgain(isOpen, ASK_EVERY_MS, noCuts, [told, asked]);
  const changed = (): void => setAsked((before) => before + 1);
  const ahead = found === null ? [] : [...found.standing, ...found.coming];
  return (
    <section className="no-cuts" data-testid="no-cuts">
      <h3>{said.title}</h3>
      <small>{said.hint}</small>
      {trouble !== null && <ProblemNote problem={trouble} />}
      {found !== null && ahead.length === 0 && <p>{said.none}</p>}
      {ahead.map((one) => (
        <Ahead key={one.id} one={one} changed={changed} />
      ))}
      {found !== null &&
        (isSaying ? (
          <NoCutForm
            now={found.now}
            changed={() => {
              setIsSaying(false);
              changed();
            }}
            leave={() => setIsSaying(false)}
          />
        ) : (
          <button type="button" className="quiet" onClick={() => setIsSaying(true)} data-testid="no-cut-open">
            {said.open}
          </button>
        ))}
      {found !== null && found.past.length > 0 && (
        <details data-testid="no-cuts-past">
          <summary>{filled(said.past, { n: found.past.length })}</summary>
          {found.past.map((one) => (
            <p key={one.id}>
              <Sentence one={one} />
            </p>
          ))}
        </details>
      )}
    </section>
  );
}

function Ahead({ one, changed }: { readonly one: NoCut; readonly changed: () => void }) {
  const said = useSpeech().words.noCuts;
  const [isEnding, setIsEnding] = useState(false);
  const verb = one.state === "coming" ? said.callOff : said.endEarly;
  return (
    <div className="approval" role="group" data-testid="no-cut" data-state={one.state}>
      <p>
        <Sentence one={one} />
      </p>
      {isEnding ? (
        <ReasonedButton
          label={said.endReason}
          verb={verb}
          send={(reason) => endNoCut(one.id, reason)}
          changed={changed}
          name="no-cut-end"
        />
      ) : (
        <button type="button" className="quiet" onClick={() => setIsEnding(true)} data-testid="no-cut-end">
          {verb}
        </button>
      )}
    </div>
  );
}

function Sentence({ one }: { readonly one: NoCut }) {
  const { words, language } = useSpeech();
  const said = words.noCuts;
  const { state, title, scope, from, until, reason, saidBy, endedAt, endedBy, endReason } = one;
  const ended =
    endedAt === null ? [] : [filled(said.endedBy, { when: wholeMoment(endedAt), who: endedBy ?? "", why: endReason ?? "" })];
  const rest = [scopeWords(scope, said), filled(said.span, { from: wholeMoment(from), until: wholeMoment(until) })];
  return (
    <>
      <b>{said.states[state] ?? state}</b> ·{" "}
      {[title[language], ...rest, reason, filled(said.saidBy, { who: saidBy }), ...ended].join(" · ")}
    </>
  );
}

/** "feeder transformer-7" in the language of the page; the name stays as the site file has it. */
function scopeWords(scope: string, { scopes }: NoCutPhrases): string {
  const kind = noCutScopes.find((one) => scope === one || scope.startsWith(`${one} `));
  return kind === undefined ? scope : `${scopes[kind]}${scope.slice(kind.length)}`;
}
