/**
 * Says that nobody is cut for a time: bad weather with one press for how long and a reason, anything else with a few more fields. How long is
 * counted from the site's clock as the gateway told it last, never from the browser's; whether it is too long the gateway says.
 */
import { useState } from "react";
import { fieldMoment, hoursAfter, offsetOf } from "../moments.ts";
import { noCutKinds, noCutScopes, sayNoCut } from "../no-cut-calls.ts";
import type { NoCutKind, NoCutScope } from "../no-cut-calls.ts";
import { useSpeech } from "../words/language.tsx";
import { filled } from "../words/phrases.ts";
import { ReasonedButton } from "./reasoned-button.tsx";

/** A squall, a night, a day, a typhoon. */
const HOURS = [3, 6, 12, 24, 72] as const;

interface Props {
  /** On the site's clock, as the gateway writes it. */
  readonly now: string;
  readonly changed: () => void;
  readonly leave: () => void;
}

export function NoCutForm({ now, changed, leave }: Props) {
  const said = useSpeech().words.noCuts;
  const [kind, setKind] = useState<NoCutKind>("bad-weather");
  const [from, setFrom] = useState("");
  const [until, setUntil] = useState("");
  const [scope, setScope] = useState<NoCutScope>("site");
  const [name, setName] = useState("");
  const isOutage = kind === "maintenance";
  const begins = isOutage && from !== "" ? fieldMoment(from, now) : null;
  const send = (reason: string): Promise<unknown> =>
    sayNoCut({
      ...{ kind, until: fieldMoment(until, now), reason },
      ...(begins === null ? {} : { from: begins }),
      ...(scope === "site" ? {} : { place: { scope, name: name.trim() } }),
    });
  const moment = (label: string, value: string, change: (value: string) => void, testId: string) => (
    <label className="field">
      <span>{label}</span>
      <input type="datetime-local" value={value} onChange={(event) => change(event.target.value)} data-testid={testId} />
    </label>
  );
  return (
    <div className="approval no-cut-form" role="group" aria-label={said.title} data-testid="no-cut-form">
      <label className="field">
        <span>{said.kind}</span>
        <select value={kind} onChange={(event) => setKind(event.target.value as NoCutKind)} data-testid="no-cut-kind">
          {noCutKinds.map((one) => (
            <option key={one} value={one}>
              {said.kinds[one]}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{said.whom}</span>
        <select value={scope} onChange={(event) => setScope(event.target.value as NoCutScope)} data-testid="no-cut-scope">
          {noCutScopes.map((one) => (
            <option key={one} value={one}>
              {said.scopes[one]}
            </option>
          ))}
        </select>
      </label>
      {scope !== "site" && (
        <label className="field">
          <span>{said.name}</span>
          <input value={name} onChange={(event) => setName(event.target.value)} data-testid="no-cut-name" />
        </label>
      )}
      {isOutage && moment(`${said.from} (${said.fromHint})`, from, setFrom, "no-cut-from")}
      {moment(`${said.until} (${said.siteTime} ${offsetOf(now)})`, until, setUntil, "no-cut-until")}
      <div className="no-cut-hours" role="group" aria-label={said.until}>
        {HOURS.map((hours) => (
          <button
            key={hours}
            type="button"
            className="quiet"
            onClick={() => setUntil(hoursAfter(begins ?? now, hours))}
            data-testid={`no-cut-hours-${hours}`}
          >
            {filled(said.inHours, { n: hours })}
          </button>
        ))}
      </div>
      <ReasonedButton
        label={isOutage ? said.outageReason : said.reason}
        verb={said.say}
        send={send}
        changed={changed}
        name="no-cut"
        isReady={until !== "" && (scope === "site" || name.trim() !== "")}
      />
      <button type="button" className="quiet" onClick={leave}>
        {said.cancel}
      </button>
    </div>
  );
}
