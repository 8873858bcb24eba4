/** What the words mean: one sentence for each state, light, relay position and order, in the page's own marks and colours. */
import type { ReactNode } from "react";
import { useSpeech } from "../words/language.tsx";
import { RelayMark } from "./relay-mark.tsx";
import { Sheet } from "./sheet.tsx";

export function Legend({ isOpen, close }: { readonly isOpen: boolean; readonly close: () => void }) {
  const { words } = useSpeech();
  const { meaning } = words;

  return (
    <Sheet isOpen={isOpen} close={close} title={words.legend} testId="legend">
      <div className="legend-body">
        <div>
          <Meanings
            title={meaning.statesTitle}
            of={meaning.states}
            mark={(state) => <span className={`chip state-${state}`}>{words.states[state]}</span>}
          />
          <Meanings title={meaning.ordersTitle} of={meaning.orders} mark={(order) => <b>{words.kinds[order]}</b>} />
        </div>
        <div>
          <Meanings title={meaning.relayTitle} of={meaning.relay} mark={(state) => <RelayMark state={state} />} />
          <Meanings
            title={meaning.lightsTitle}
            of={meaning.lights}
            mark={(light) => (
              <span className={`light light-${light}`} data-lit="true">
                <i aria-hidden="true" />
                <span>{words.lights[light as keyof typeof words.lights]}</span>
              </span>
            )}
          />
          <Meanings
            title={meaning.identityTitle}
            of={meaning.identity}
            mark={(one) => <span className={`dot identity-${one}`}>{words.identities[one]}</span>}
          />
          <Meanings
            title={meaning.moneyTitle}
            of={meaning.money}
            mark={(one) => <b>{words[one as "balance" | "available" | "held"]}</b>}
          />
        </div>
      </div>
    </Sheet>
  );
}

interface MeaningsProps {
  readonly title: string;
  readonly of: Readonly<Record<string, string>>;
  readonly mark: (code: string) => ReactNode;
}

function Meanings({ title, of, mark }: MeaningsProps) {
  return (
    <section>
      <h3>{title}</h3>
      <dl>
        {Object.entries(of).map(([code, sentence]) => (
          <div key={code}>
            <dt>{mark(code)}</dt>
            <dd>{sentence}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
