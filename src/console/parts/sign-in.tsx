/** Asks for a key of the site, once for twelve hours. It stands alone: before it nothing of the street may be seen. */
import { useState } from "react";
import type { SyntheticEvent } from "react";
import { problemOf } from "../api.ts";
import type { Door } from "../door.ts";
import type { Problem } from "../shapes.ts";
import { useSpeech } from "../words/language.tsx";
import { Brand } from "./brand.tsx";
import { LanguageSwitch } from "./language-switch.tsx";
import { ProblemNote } from "./problem-note.tsx";

export function SignIn({ door }: { readonly door: Door }) {
  const { words } = useSpeech();
  const [key, setKey] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  const submit = async (): Promise<void> => {
    setIsBusy(true);
    setProblem(null);
    try {
      await door.signIn(key.trim());
    } catch (error) {
      setProblem(problemOf(error));
      setIsBusy(false);
    }
  };
  const onSubmit = (event: SyntheticEvent): void => {
    event.preventDefault();
    if (!isBusy) void submit();
  };

  return (
    <main className="sign-in">
      <form className="card" onSubmit={onSubmit} aria-labelledby="sign-in-title" data-testid="sign-in">
        <div className="sign-in-head">
          <Brand />
          <h1>{words.title}</h1>
          <span className="spring" />
          <LanguageSwitch />
        </div>
        <h2 id="sign-in-title">{words.signIn}</h2>
        <label className="field">
          <span>{words.key}</span>
          <input
            type="password"
            name="key"
            required
            autoFocus
            autoComplete="current-password"
            value={key}
            onChange={(event) => setKey(event.target.value)}
            data-testid="sign-in-key"
          />
        </label>
        <p className="who">{words.keyHint}</p>
        <button type="submit" className="primary" aria-disabled={isBusy} data-testid="sign-in-submit">
          {isBusy ? words.signingIn : words.signIn}
        </button>
        {/* Any other refusal speaks for itself; "a key is needed" would be no answer to somebody who has just typed one. */}
        {problem?.code === "unauthorized" ? (
          <ProblemNote problem={problem} says={{ sentence: words.keyWrong, next: words.keyWrongNext }} />
        ) : (
          problem !== null && <ProblemNote problem={problem} />
        )}
      </form>
    </main>
  );
}
