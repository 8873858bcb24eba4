/** Three lights, one for each kind of proof: sent, acknowledged, verified. They are apart because they mean different things. */
import { moment, wholeMoment } from "../moments.ts";
import type { Proof } from "../shapes.ts";
import { useSpeech } from "../words/language.tsx";

const lights = ["sent", "acknowledged", "verified"] as const;

export function ProofLights({ proof, today }: { readonly proof: Proof; readonly today: string | null }) {
  const { words } = useSpeech();
  return (
    <ul className="lights" aria-label={words.proof}>
      {lights.map((light) => {
        const at = proof[light];
        return (
          <li
            key={light}
            className={`light light-${light}`}
            data-light={light}
            data-lit={at !== null}
            title={`${words.lights[light]}: ${at === null ? words.lightOff : wholeMoment(at)}`}
          >
            <i aria-hidden="true" />
            <span>{words.lights[light]}</span>
            {at === null ? <span className="unseen">{words.lightOff}</span> : <time dateTime={at}>{moment(at, today)}</time>}
          </li>
        );
      })}
    </ul>
  );
}
