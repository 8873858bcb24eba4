/**
 * The lines and what passes on them: whether each is open, how busy it is, and its last bytes in words and in hex, newest first. Asked for
 * only while it is open; secrets are dots before they leave the gateway.
 */
import { useState } from "react";
import * as api from "../api.ts";
import { useAskedAgain } from "../asked-again.ts";
import type { Bus, TapeRow } from "../shapes.ts";
import { useSpeech } from "../words/language.tsx";
import { filled } from "../words/phrases.ts";
import { ProblemNote } from "./problem-note.tsx";
import { Sheet } from "./sheet.tsx";

const ASK_EVERY_MS = 1_000;

export function LinesView({ isOpen, close }: { readonly isOpen: boolean; readonly close: () => void }) {
  const { words, language } = useSpeech();
  const [chosen, setChosen] = useState<string | null>(null);
  const { found, trouble } = useAskedAgain(isOpen, ASK_EVERY_MS, () => heardOn(chosen), [chosen]);
  const { buses = null, rows = [] } = found ?? {};
  const shown = chosen ?? buses?.[0]?.id ?? null;

  return (
    <Sheet isOpen={isOpen} close={close} title={words.lines.title} testId="lines">
      {trouble !== null && <ProblemNote problem={trouble} />}
      <div className="lines-body">
        <div className="lines-list">
          {buses?.length === 0 && <p>{words.lines.none}</p>}
          {buses?.map((bus) => (
            <button key={bus.id} type="button" aria-current={bus.id === shown} onClick={() => setChosen(bus.id)}>
              <b>{bus.id}</b>
              <small>{bus.open ? words.lines.open : filled(words.lines.down, { why: bus.why ?? "" })}</small>
              <small>{[...numbersOf(bus, words.lines)].join(" · ")}</small>
            </button>
          ))}
        </div>
        <div data-testid="tape">
          <small>{words.lines.hint}</small>
          {rows.length === 0 && shown !== null && <p>{words.lines.empty}</p>}
          {rows.map((row) => (
            <div key={row.n} className="tape-row">
              <small>{row.at.slice(11).replace(/(?:Z|[+-]\d\d:\d\d)$/, "")}</small>
              {language === "zh" ? row.zh : row.en}
              {row.hex !== null && <code>{row.hex.replaceAll(/(..)(?=.)/g, "$1 ")}</code>}
            </div>
          ))}
        </div>
      </div>
    </Sheet>
  );
}

function* numbersOf(bus: Bus, words: Readonly<Record<"busy" | "waiting" | "silences", string>>): Generator<string> {
  yield filled(words.busy, { share: (bus.busyShare * 100).toFixed(1) });
  if (bus.waiting > 0) yield filled(words.waiting, { n: bus.waiting });
  if (bus.silences > 0) yield filled(words.silences, { n: bus.silences, all: bus.exchanges });
}

async function heardOn(chosen: string | null): Promise<{ readonly buses: readonly Bus[]; readonly rows: readonly TapeRow[] }> {
  const buses = await api.buses();
  const bus = chosen ?? buses[0]?.id;
  return { buses, rows: bus === undefined ? [] : await api.tape(bus) };
}
