/** Name, line, language, the way out. Whether what one sees is live is the first thing to know about a live page. */
import type { Picture } from "../street.ts";
import { useSpeech } from "../words/language.tsx";
import { filled } from "../words/phrases.ts";
import { Brand } from "./brand.tsx";
import { LanguageSwitch } from "./language-switch.tsx";

interface Props {
  readonly picture: Picture;
  readonly openLegend: () => void;
  readonly openLines: () => void;
  readonly openReviews: () => void;
  readonly openCuts: () => void;
  readonly openCollection: () => void;
  readonly openIndicators: () => void;
  readonly openExceptions: () => void;
  readonly openDarkHours: () => void;
  readonly openNotices: () => void;
  readonly waiting: { readonly open: number; readonly overdue: number };
  /** Null where nobody had to sign in. */
  readonly signOut: (() => void) | null;
}

export function TopBar(props: Props) {
  const { picture, openLegend, openLines, openReviews, openCuts, openCollection, openIndicators } = props;
  const { openExceptions, openDarkHours, openNotices, waiting, signOut } = props;
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
      <button
        type="button"
        className="quiet"
        onClick={openExceptions}
        data-testid="exceptions-button"
        aria-label={words.exceptions.title}
        title={waiting.overdue > 0 ? filled(words.exceptions.overdueCount, { n: waiting.overdue }) : undefined}
      >
        <span className="long">{words.exceptions.title}</span>
        <span className="short">!</span>
        {waiting.open > 0 && (
          <b className="badge" data-overdue={waiting.overdue > 0} data-testid="exceptions-badge">
            {waiting.open}
          </b>
        )}
      </button>
      <button type="button" className="quiet" onClick={openDarkHours} data-testid="dark-hours-button">
        {words.darkHours.title}
      </button>
      <button type="button" className="quiet" onClick={openNotices} data-testid="notices-button">
        {words.notices.title}
      </button>
      <button type="button" className="quiet" onClick={openReviews} data-testid="reviews-button">
        {words.reviews.title}
      </button>
      <button type="button" className="quiet" onClick={openCuts} data-testid="cuts-button">
        {words.cuts.title}
      </button>
      <button type="button" className="quiet" onClick={openLines} data-testid="lines-button">
        {words.lines.title}
      </button>
      <button type="button" className="quiet" onClick={openCollection} data-testid="collection-button">
        {words.collection.title}
      </button>
      <button type="button" className="quiet" onClick={openIndicators} data-testid="indicators-button">
        {words.indicators.title}
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
