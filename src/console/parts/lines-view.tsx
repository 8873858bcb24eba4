/**
 * The lines and what passes on them: whether each is open, how busy it is, and its last bytes in words and in hex, newest first. Asked for
 * only while it is open; secrets are dots before they leave the gateway.
 */
import { useEffect, useRef, useState } from "react";
import * as api from "../api.ts";
import type { Bus, Problem, TapeRow } from "../shapes.ts";
import { useSpeech } from "../words/language.tsx";
import { filled } from "../words/phrases.ts";
import { ProblemNote } from "./problem-note.tsx";

const ASK_EVERY_MS = 1_000;

export function LinesView({ isOpen, close }: { readonly isOpen: boolean; readonly close: () => void }) {
  const { words, language } = useSpeech();
  const dialog = useRef<HTMLDialogElement>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const { buses, rows, trouble } = useLines(isOpen, chosen);
  const shown = chosen ?? buses?.[0]?.id ?? null;

  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);

  return (
    <dialog ref={dialog} className="legend" aria-labelledby="lines-title" onClose={close} data-testid="lines">
      <div className="legend-head">
        <h2 id="lines-title">{words.lines.title}</h2>
        <button type="button" className="quiet" onClick={close}>
          {words.close}
        </button>
      </div>
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
    </dialog>
  );
}

function* numbersOf(bus: Bus, words: Readonly<Record<"busy" | "waiting" | "silences", string>>): Generator<string> {
  yield filled(words.busy, { share: (bus.busyShare * 100).toFixed(1) });
  if (bus.waiting > 0) yield filled(words.waiting, { n: bus.waiting });
  if (bus.silences > 0) yield filled(words.silences, { n: bus.silences, all: bus.exchanges });
}

interface Heard {
  readonly buses: readonly Bus[] | null;
  readonly rows: readonly TapeRow[];
  readonly trouble: Problem | null;
}

/** Asks again and again while somebody looks; one question at a time, so that a slow gateway is not hurried. */
function useLines(isOpen: boolean, chosen: string | null): Heard {
  const [heard, setHeard] = useState<Heard>({ buses: null, rows: [], trouble: null });
  useEffect(() => {
    if (!isOpen) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const ask = async (): Promise<void> => {
      try {
        const buses = await api.buses();
        const bus = chosen ?? buses[0]?.id;
        const rows = bus === undefined ? [] : await api.tape(bus);
        if (!isOver) setHeard({ buses, rows, trouble: null });
      } catch (error) {
        if (!isOver) setHeard((before) => ({ ...before, trouble: api.problemOf(error) }));
      }
      if (!isOver) timer = setTimeout(() => void ask(), ASK_EVERY_MS);
    };
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [isOpen, chosen]);
  return heard;
}
