/** What holds cuts back, in one place: the red button and what stands, times in which nobody is cut, lists for two persons, and
 * the dry run. Asked for while it is open. */
import { useState } from "react";
import * as api from "../api.ts";
import { useAskedAgain } from "../asked-again.ts";
import { useSpeech } from "../words/language.tsx";
import { CutHalts, RedButton } from "./cut-halts.tsx";
import { CutLists } from "./cut-lists.tsx";
import { CutPreview } from "./cut-preview.tsx";
import { NoCuts } from "./no-cuts.tsx";
import { ProblemNote } from "./problem-note.tsx";
import { Sheet } from "./sheet.tsx";

interface Props {
  readonly isOpen: boolean;
  /** Rises with each announcement about cuts. */
  readonly told: number;
  readonly close: () => void;
}

export function CutsView({ isOpen, told, close }: Props) {
  const { words } = useSpeech();
  const [asked, setAsked] = useState(0);
  const { found, trouble } = useAskedAgain(isOpen, null, api.cutState, [told, asked]);
  const changed = (): void => setAsked((before) => before + 1);

  return (
    <Sheet isOpen={isOpen} close={close} title={words.cuts.title} testId="cuts">
      <div className="cuts-body">
        {trouble !== null && <ProblemNote problem={trouble} />}
        {/* whoever cannot be told what stands can stop all the same */}
        {found === null ? <RedButton changed={changed} /> : <CutHalts stop={found.stop} brake={found.brake} changed={changed} />}
        <NoCuts isOpen={isOpen} told={told} />
        {found !== null && <CutLists lists={found.batches} changed={changed} />}
        <CutPreview isOpen={isOpen} told={told + asked} changed={changed} />
      </div>
    </Sheet>
  );
}
