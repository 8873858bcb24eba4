/** To the other language, named in that language. */
import { useSpeech } from "../words/language.tsx";

export function LanguageSwitch() {
  const { words, switchLanguage } = useSpeech();
  return (
    <button type="button" className="quiet" onClick={switchLanguage} aria-label={words.otherLanguageLabel} data-testid="language">
      {words.otherLanguage}
    </button>
  );
}
