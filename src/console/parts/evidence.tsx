/** The bytes behind a command, attempt by attempt: what was sent, what came back, and how the attempt ended. */
import { moment } from "../moments.ts";
import type { Attempt, Command } from "../shapes.ts";
import { useSpeech } from "../words/language.tsx";

/** The gateway may say out/in or sent/received; towards the meter is towards the right. */
const arrowOf = (direction: string): string => (["sent", "out", "down", "request"].includes(direction) ? "→" : "←");

const spaced = (hex: string): string => (hex.includes(" ") ? hex : (hex.match(/.{1,2}/g)?.join(" ") ?? hex)).toUpperCase();

export function Evidence({ command, today }: { readonly command: Command; readonly today: string | null }) {
  const { words } = useSpeech();
  const { attempts } = command;
  if (attempts.length === 0) return null;
  return (
    <details className="evidence">
      <summary>
        {words.evidence} <b>{attempts.reduce((count, attempt) => count + attempt.frames.length, 0)}</b>
      </summary>
      <Frames attempts={attempts} today={today} />
    </details>
  );
}

export function Frames({ attempts, today }: { readonly attempts: readonly Attempt[]; readonly today: string | null }) {
  const { words } = useSpeech();
  return (
    <>
      {attempts.map((attempt, n) => (
        <div key={`${attempt.at} ${String(n)}`} className="attempt">
          <p>
            {words.attempt} {n + 1} · {moment(attempt.at, today)} {attempt.outcome !== null && <b>{attempt.outcome}</b>}
          </p>
          {attempt.frames.length === 0 && <p className="unseen">{words.noFrames}</p>}
          {attempt.frames.map((frame, m) => (
            <code key={m}>
              <span>{arrowOf(frame.direction)}</span> {spaced(frame.hex)}
            </code>
          ))}
        </div>
      ))}
    </>
  );
}
