/** A sheet over the desk: its title, what else can be done with it, and the way back, by its button or by Escape. */
import { useEffect, useRef } from "react";
import type { ReactNode } from "react";
import { useSpeech } from "../words/language.tsx";

interface Props {
  readonly isOpen: boolean;
  readonly close: () => void;
  readonly title: string;
  readonly testId: string;
  /** Between title and way back. */
  readonly tools?: ReactNode;
  readonly children: ReactNode;
}

export function Sheet({ isOpen, close, title, testId, tools, children }: Props) {
  const { words } = useSpeech();
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = `${testId}-title`;

  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);

  return (
    <dialog ref={dialog} className="legend" aria-labelledby={titleId} onClose={close} data-testid={testId}>
      <div className="legend-head">
        <h2 id={titleId}>{title}</h2>
        {tools}
        <button type="button" className="quiet" onClick={close}>
          {words.close}
        </button>
      </div>
      {children}
    </dialog>
  );
}
