/**
 * The red button, with one confirmation; and what stands, with the way to let it go: two persons, told apart by their keys. While one of
 * them has asked, the button is there again: pressing it takes that word back.
 */
import { useState } from "react";
import * as api from "../api.ts";
import { wholeMoment } from "../moments.ts";
import type { CutHalt } from "../shapes.ts";
import { useSpeech } from "../words/language.tsx";
import { filled } from "../words/phrases.ts";
import { ReasonedButton } from "./reasoned-button.tsx";

interface Props {
  readonly stop: CutHalt | null;
  readonly brake: CutHalt | null;
  readonly changed: () => void;
}

export function CutHalts({ stop, brake, changed }: Props) {
  const said = useSpeech().words.cuts;
  return (
    <section className="cut-halts" data-testid="cut-halts">
      {stop === null && brake === null && <p>{said.nothingStands}</p>}
      {stop !== null && <Standing halt={stop} says={said.stopStands} changed={changed} />}
      {brake !== null && <Standing halt={brake} says={said.brakeStands} changed={changed} />}
      {(stop === null || stop.release.asked !== null) && <RedButton key={stop?.begunAt ?? ""} changed={changed} />}
    </section>
  );
}

export function RedButton({ changed }: { readonly changed: () => void }) {
  const said = useSpeech().words.cuts;
  const [isAsking, setIsAsking] = useState(false);
  if (!isAsking)
    return (
      <button type="button" className="emergency" onClick={() => setIsAsking(true)} data-testid="emergency-stop">
        {said.stop}
      </button>
    );
  return (
    <div role="alertdialog" aria-label={said.stop} className="approval">
      <p>{said.stopSure}</p>
      <ReasonedButton label={said.stopReason} verb={said.stopNow} send={api.emergencyStop} changed={changed} name="stop" isRed />
    </div>
  );
}

function Standing({ halt, says, changed }: { readonly halt: CutHalt; readonly says: string; readonly changed: () => void }) {
  const { words, language } = useSpeech();
  const said = words.cuts;
  const { asked } = halt.release;
  return (
    <div className="approval" role="group" data-testid={`halt-${halt.kind}`}>
      <p>
        <b>{says}</b> {filled(said.because, { what: halt.kind === "stop" ? halt.reason : halt.says[language] })};{" "}
        {filled(said.since, { when: wholeMoment(halt.begunAt), who: halt.begunBy })}.{" "}
        {asked !== null && filled(said.releaseAsked, { who: asked.by })}
      </p>
      <ReasonedButton
        label={said.releaseReason}
        verb={said.release}
        send={(reason) => api.releaseHalt(halt.kind, reason)}
        changed={changed}
        name={`release-${halt.kind}`}
      />
    </div>
  );
}
