/** One command: what, for whom, how far, why not further, and the three lights. Its frames open beneath it. */
import { memo } from "react";
import { moment, wholeMoment } from "../moments.ts";
import type { Command } from "../shapes.ts";
import { askedFor, reasonWords, useSpeech } from "../words/language.tsx";
import { filled } from "../words/phrases.ts";
import type { Street } from "../street.ts";
import { ApprovalForm } from "./approval-form.tsx";
import { Evidence } from "./evidence.tsx";
import { isMoving, ProgressTrack } from "./progress-track.tsx";
import { ProofLights } from "./proof-lights.tsx";
import { StateChip } from "./state-chip.tsx";

interface Props {
  readonly command: Command;
  readonly name: string | undefined;
  readonly amount: string | undefined;
  readonly today: string | null;
  /** Where what a person decides here is told. */
  readonly street?: Street;
}

export const CommandRow = memo(function CommandRow({ command, name, amount, today, street }: Props) {
  const { words } = useSpeech();
  return (
    <li
      className={`command state-${command.state}`}
      data-testid="command-row"
      data-command={command.id}
      data-meter={command.meter}
      data-kind={command.kind}
      data-state={command.state}
    >
      <div className="command-when">
        {command.createdAt === null ? (
          <span className="unseen">…</span>
        ) : (
          <time dateTime={command.createdAt} title={wholeMoment(command.createdAt)}>
            {moment(command.createdAt, today)}
          </time>
        )}
      </div>
      <div className="command-what">
        <b>{words.kinds[command.kind] ?? command.kind}</b>
        {amount !== undefined && (
          <span className="command-amount">
            {amount} {words.yuan}
          </span>
        )}
        <small>
          <span className="account">{command.meter}</span> {name}
        </small>
      </div>
      <div className="command-state">
        <StateChip of="command" state={command.state} />
        <ProgressTrack command={command} />
        <Why command={command} />
      </div>
      <ProofLights proof={command.proof} today={today} />
      {street !== undefined && <ApprovalForm command={command} street={street} />}
      <Evidence command={command} today={today} />
    </li>
  );
});

/**
 * What it waits for, why it ended, and why it was asked for: a code when the rules asked, words when a person did. Behind a
 * top-up stands its payment, which is in a list of its own.
 */
function Why({ command }: { readonly command: Command }) {
  const speech = useSpeech();
  const { words } = speech;
  const { waitingFor, because, reason, payment, notAfter, approval } = command;
  const parts = [
    waitingFor === null ? null : filled(words.waitsFor, { what: words.waits[waitingFor] ?? reasonWords(waitingFor, speech) }),
    because === null ? null : filled(words.because, { what: reasonWords(because, speech) }),
    approval?.by == null ? null : filled(words.approvedBy, { who: approval.by }),
    reason == null || reason === because || payment !== null ? null : askedFor(reason, speech),
  ].filter((part) => part !== null);
  if (parts.length === 0) return null;
  return (
    <small
      className="why"
      title={notAfter === null || !isMoving(command) ? undefined : `${words.until} ${wholeMoment(notAfter)}`}
    >
      {parts.join(" · ")}
    </small>
  );
}
