/**
 * Orders to one relay. The reason is asked for every single order and cleared after it, so that no second order leaves
 * by a second click. What is ordered here is always sent: the shadow concerns the rules alone.
 */
import { useId, useRef, useState } from "react";
import { Declined, orderRelay, problemOf, randomKey } from "../api.ts";
import { relayOrders } from "../shapes.ts";
import type { Problem, RelayOrder } from "../shapes.ts";
import type { Picture, Street } from "../street.ts";
import { reasonWords, useSpeech } from "../words/language.tsx";
import { filled } from "../words/phrases.ts";
import { ProblemNote } from "./problem-note.tsx";
import { RelayMark } from "./relay-mark.tsx";

interface Props {
  readonly street: Street;
  readonly picture: Picture;
  readonly chosen: string | null;
}

export function RelayForm({ street, picture, chosen }: Props) {
  const speech = useSpeech();
  const { words } = speech;
  const [address, setAddress] = useState("");
  const [filledFor, setFilledFor] = useState(chosen);
  const [reason, setReason] = useState("");
  const [reasonIsMissing, setReasonIsMissing] = useState(false);
  const [busyWith, setBusyWith] = useState<RelayOrder | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [done, setDone] = useState<{ order: RelayOrder; meter: string } | null>(null);
  const unanswered = useRef<{ wish: string; key: string } | null>(null);
  const reasonField = useRef<HTMLTextAreaElement>(null);
  const missingId = useId();

  // A reason written for one meter is no reason for another.
  if (filledFor !== chosen) {
    setFilledFor(chosen);
    setAddress(chosen ?? "");
    setReason("");
    setReasonIsMissing(false);
    setDone(null);
    setProblem(null);
  }

  const meter = picture.meters.get(address.trim());
  const name = meter?.account == null ? undefined : picture.accounts.get(meter.account)?.name;
  const intent = picture.intents.get(address.trim());

  const send = async (order: RelayOrder): Promise<void> => {
    const to = address.trim();
    const wish = JSON.stringify([to, order, reason.trim()]);
    const kept = unanswered.current;
    const key = kept?.wish === wish ? kept.key : randomKey();
    unanswered.current = { wish, key };
    setBusyWith(order);
    setProblem(null);
    setDone(null);
    try {
      street.tookCommand(await orderRelay(to, order, reason.trim(), key));
      unanswered.current = null;
      setReason("");
      setDone({ order, meter: to });
    } catch (error) {
      if (error instanceof Declined && error.isFinal) unanswered.current = null;
      setProblem(problemOf(error));
    } finally {
      setBusyWith(null);
    }
  };

  const press = (order: RelayOrder): void => {
    if (busyWith !== null) return;
    if (reason.trim() === "") {
      setReasonIsMissing(true);
      reasonField.current?.focus();
      return;
    }
    void send(order);
  };

  return (
    <section className="card" aria-labelledby="relay-title" data-testid="relay-form">
      <h2 id="relay-title">{words.relayOrder}</h2>
      <label className="field">
        <span>{words.chooseMeter}</span>
        <input
          list="addresses"
          inputMode="numeric"
          autoComplete="off"
          value={address}
          onChange={(event) => setAddress(event.target.value)}
          data-testid="relay-address"
        />
      </label>
      <datalist id="addresses">
        {[...picture.meters.keys()].map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      <p className="who">
        {meter === undefined ? (
          "\u00a0"
        ) : (
          <>
            <RelayMark state={meter.relay.reported} /> {name}
          </>
        )}
      </p>
      {intent !== undefined && (
        <p className="intent">
          {filled(words.rulesWant, {
            state: intent.want === "as-is" ? words.asIs : (words.relayStates[intent.want] ?? intent.want),
            why: reasonWords(intent.because, speech),
          })}
          {intent.shadow && ` (${words.shadow})`}
        </p>
      )}
      <label className="field">
        <span>
          {words.reason} <small>{words.reasonHint}</small>
        </span>
        <textarea
          ref={reasonField}
          rows={2}
          required
          value={reason}
          aria-invalid={reasonIsMissing}
          aria-describedby={missingId}
          onChange={(event) => {
            setReason(event.target.value);
            setReasonIsMissing(false);
          }}
          data-testid="relay-reason"
        />
      </label>
      <p id={missingId} className={reasonIsMissing ? "note note-problem" : "note-place"} role="alert">
        {reasonIsMissing && words.reasonMissing}
      </p>
      <div className="orders" role="group" aria-label={words.relayOrder}>
        {relayOrders.map((order) => (
          <button
            key={order}
            type="button"
            className={`order order-${order}`}
            title={words.meaning.orders[order]}
            disabled={address.trim() === ""}
            aria-disabled={busyWith !== null}
            onClick={() => press(order)}
            data-testid={`relay-${order}`}
          >
            {words.kinds[order]}
          </button>
        ))}
      </div>
      {problem !== null && <ProblemNote problem={problem} />}
      <p className={done === null ? "note-place" : "note note-done"} role="status" data-testid="relay-done">
        {done !== null && filled(words.ordered, { order: words.kinds[done.order] ?? done.order, meter: done.meter })}
      </p>
    </section>
  );
}
