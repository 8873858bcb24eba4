/** Name, line, language, the way out. Whether what one sees is live is the first thing to know about a live page. */
import type { Picture } from "../street.ts";
import { useSpeech } from "../words/language.tsx";
import { Brand } from "./brand.tsx";
import { LanguageSwitch } from "./language-switch.tsx";

interface Props {
  readonly picture: Picture;
  readonly openLegend: () => void;
  readonly openLines: () => void;
  /** Null where nobody had to sign in. */
  readonly signOut: (() => void) | null;
}

export function TopBar({ picture, openLegend, openLines, signOut }: Props) {
  const { words } = useSpeech();
  return (
    <header className="top">
      <Brand />
      <h1>{words.title}</h1>
      <span
        className={`line line-${picture.line}`}
        role="status"
        title={words.lineHint[picture.line]}
        data-testid="line"
        data-line={picture.line}
      >
        <i aria-hidden="true" />
        {words.line[picture.line]}
      </span>
      <span className="spring" />
      <button type="button" className="quiet" onClick={openLines} data-testid="lines-button">
        {words.lines.title}
      </button>
      <button type="button" className="quiet" onClick={openLegend} data-testid="legend-button" aria-label={words.legend}>
        <span className="long">{words.legend}</span>
        <span className="short">?</span>
      </button>
      <LanguageSwitch />
      {signOut !== null && (
        <button type="button" className="quiet" onClick={signOut} data-testid="sign-out">
          {words.signOut}
        </button>
      )}
    </header>
  );
}
