/**
 * The relay as electricians draw it: a lever between two contacts. Closed, open, open with a button to press, or dashed
 * when nobody has looked. The word stands beside it, so colour is never the only sign.
 */
import { useSpeech } from "../words/language.tsx";

const levers: Readonly<Record<string, string>> = {
  connected: "M12 14H32",
  armed: "M12 14 30 6",
  disconnected: "M12 14 29 4",
};

export function RelayMark({ state }: { readonly state: string }) {
  const { words } = useSpeech();
  const lever = levers[state];
  return (
    <span className={`relay relay-${lever === undefined ? "unknown" : state}`}>
      <svg viewBox="0 0 44 20" width="44" height="20" aria-hidden="true">
        <path className="wire" d="M2 14H12M32 14H42" />
        <path className="lever" d={lever ?? "M12 14H32"} />
        <circle className="contact" cx="12" cy="14" r="2.6" />
        <circle className="contact" cx="32" cy="14" r="2.6" />
        {state === "armed" && <path className="press" d="M23 0.5V5M20.6 3 23 5.6 25.4 3" />}
      </svg>
      <span className="relay-word">{words.relayStates[state] ?? state}</span>
    </span>
  );
}
