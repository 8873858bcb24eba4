/** Name, line, language. Whether what one sees is live is the first thing to know about a live page. */
import type { Picture } from "../street.ts";
import { useSpeech } from "../words/language.tsx";

export function TopBar({ picture, openLegend }: { readonly picture: Picture; readonly openLegend: () => void }) {
  const { words, switchLanguage } = useSpeech();
  return (
    <header className="top">
      <svg className="brand" viewBox="0 0 32 20" width="32" height="20" aria-hidden="true">
        <path d="M1 14h8M23 14h8M9 14 20 5" />
        <circle cx="9" cy="14" r="2.6" />
        <circle cx="23" cy="14" r="2.6" />
      </svg>
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
      <button type="button" className="quiet" onClick={openLegend} data-testid="legend-button" aria-label={words.legend}>
        <span className="long">{words.legend}</span>
        <span className="short">?</span>
      </button>
      <button
        type="button"
        className="quiet"
        onClick={switchLanguage}
        aria-label={words.otherLanguageLabel}
        data-testid="language"
      >
        {words.otherLanguage}
      </button>
    </header>
  );
}
