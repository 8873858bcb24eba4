/** The state of a command or a payment: a word in its colour. The key makes a new state arrive visibly. */
import { useSpeech } from "../words/language.tsx";

export function StateChip({ of, state }: { readonly of: "command" | "payment"; readonly state: string }) {
  const { words } = useSpeech();
  const word = of === "command" ? words.states[state] : words.paymentStates[state];
  return (
    <span key={state} className={`chip state-${state}`} data-testid={`${of}-state`} data-state={state}>
      {word ?? state}
    </span>
  );
}
