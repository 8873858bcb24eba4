/** What holds cuts back, in one place: the red button and what stands, lists for two persons, and the dry run. Asked for while it is open. */
import { useEffect, useRef, useState } from "react";
import * as api from "../api.ts";
import type { CutState } from "../shapes.ts";
import { useSpeech } from "../words/language.tsx";
import { CutHalts } from "./cut-halts.tsx";
import { CutLists } from "./cut-lists.tsx";
import { CutPreview } from "./cut-preview.tsx";
import { ProblemNote } from "./problem-note.tsx";
import { useAnswer } from "./use-answer.ts";

interface Props {
  readonly isOpen: boolean;
  /** Rises with each announcement about cuts. */
  readonly told: number;
  readonly close: () => void;
}

export function CutsView({ isOpen, told, close }: Props) {
  const { words } = useSpeech();
  const dialog = useRef<HTMLDialogElement>(null);
  const [asked, setAsked] = useState(0);
  const { answer, trouble } = useAnswer<CutState>(isOpen, api.cutState, [told, asked]);
  const changed = (): void => setAsked((before) => before + 1);

  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);

  return (
    <dialog ref={dialog} className="legend" aria-labelledby="cuts-title" onClose={close} data-testid="cuts">
      <div className="legend-head">
        <h2 id="cuts-title">{words.cuts.title}</h2>
        <button type="button" className="quiet" onClick={close}>
          {words.close}
        </button>
      </div>
      <div className="cuts-body">
        {trouble !== null && <ProblemNote problem={trouble} />}
        {answer !== null && <CutHalts stop={answer.stop} brake={answer.brake} changed={changed} />}
        {answer !== null && <CutLists lists={answer.batches} changed={changed} />}
        <CutPreview isOpen={isOpen} told={told + asked} changed={changed} />
      </div>
    </dialog>
  );
}
