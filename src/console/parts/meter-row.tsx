/** One meter: who it serves, how its relay stands, what is left to spend, and whether it can be believed. */
import { memo } from "react";
import { moment, wholeMoment } from "../moments.ts";
import type { Account, Intent, Meter } from "../shapes.ts";
import { reasonWords, useSpeech } from "../words/language.tsx";
import { filled } from "../words/phrases.ts";
import { Funds } from "./funds.tsx";
import { RelayMark } from "./relay-mark.tsx";

interface Props {
  readonly meter: Meter;
  readonly account: Account | undefined;
  readonly intent: Intent | undefined;
  readonly isChosen: boolean;
  readonly choose: (address: string) => void;
}

export const MeterRow = memo(function MeterRow({ meter, account, intent, isChosen, choose }: Props) {
  const { words } = useSpeech();
  const { address, relay } = meter;
  const energy = meter.readings["importedEnergy"];
  return (
    <tr
      role="row"
      data-testid="meter-row"
      data-address={address}
      data-relay={relay.reported}
      data-health={meter.health.state}
      data-identity={meter.identity}
      aria-selected={isChosen}
      onClick={() => choose(address)}
    >
      <td role="cell" className="cell-meter">
        <button
          type="button"
          className="address"
          aria-pressed={isChosen}
          onClick={(event) => {
            event.stopPropagation();
            choose(address);
          }}
        >
          {address}
        </button>
        <small>
          {account?.name} <span className="account">{meter.account}</span>
        </small>
      </td>
      <td role="cell" className="cell-relay" title={relay.at === null ? undefined : `${words.takenAt} ${wholeMoment(relay.at)}`}>
        <RelayMark state={relay.reported} />
        {relay.proof?.protected === true && <span className="tag">{words.protectedSupply}</span>}
        <Wish meter={meter} intent={intent} />
      </td>
      <td role="cell" className="cell-funds number">
        <Funds meter={meter} account={account} />
      </td>
      <td role="cell" className="cell-energy number">
        {energy?.value == null ? (
          <span className="unseen">–</span>
        ) : (
          <span title={`${words.takenAt} ${wholeMoment(energy.takenAt)}`}>
            {energy.value} <small className="unit">{energy.unit}</small>
          </span>
        )}
        {energy?.value != null && <small>{moment(energy.takenAt, relay.at)}</small>}
      </td>
      <td role="cell" className="cell-model">
        {words.models[meter.model] ?? meter.model}
        <small>{meter.bus}</small>
      </td>
      <td role="cell" className="cell-health">
        <Health meter={meter} />
      </td>
      <td role="cell" className="cell-identity">
        <span className={`dot identity-${meter.identity}`} title={meter.identityNote ?? undefined}>
          {words.identities[meter.identity] ?? meter.identity}
        </span>
      </td>
    </tr>
  );
});

/** Shown only where wish and reality differ: that is where something is about to happen, or should. */
function Wish({ meter, intent }: { readonly meter: Meter; readonly intent: Intent | undefined }) {
  const speech = useSpeech();
  const { words } = speech;
  const { desired, reported } = meter.relay;
  const want = desired ?? (intent?.shadow === true ? intent.want : null);
  if (want === null || want === reported || want === "as-is") return null;
  const why = intent === undefined ? undefined : filled(words.because, { what: reasonWords(intent.because, speech) });
  return (
    <small className="wish" title={why}>
      {filled(words.wanted, { state: words.relayStates[want] ?? want })}
      {intent?.shadow === true && ` (${words.shadow})`}
    </small>
  );
}

function Health({ meter }: { readonly meter: Meter }) {
  const { words } = useSpeech();
  const { state, failures, lastHeardAt, askAgainAt } = meter.health;
  const title = [
    lastHeardAt === null ? null : `${words.lastHeard} ${wholeMoment(lastHeardAt)}`,
    askAgainAt === null ? null : `${words.askAgain} ${wholeMoment(askAgainAt)}`,
  ];
  return (
    <>
      <span className={`dot health-${state}`} title={title.filter((line) => line !== null).join("\n")}>
        {words.healthStates[state] ?? state}
      </span>
      {state === "silent" && <small>{filled(words.silences, { n: failures })}</small>}
      {state !== "silent" && lastHeardAt !== null && <small>{moment(lastHeardAt, meter.relay.at)}</small>}
    </>
  );
}
