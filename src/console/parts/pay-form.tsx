/**
 * A payment at the desk. The order id is made once per payment and kept until the gateway has answered for good: when the
 * answer is lost, pressing again asks for the same order, and the gateway cannot take it twice.
 */
import { useRef, useState } from "react";
import type { SyntheticEvent } from "react";
import { Declined, pay, problemOf, randomKey } from "../api.ts";
import type { Problem } from "../shapes.ts";
import type { Picture, Street } from "../street.ts";
import { useSpeech } from "../words/language.tsx";
import { filled } from "../words/phrases.ts";
import { ProblemNote } from "./problem-note.tsx";

interface Props {
  readonly street: Street;
  readonly picture: Picture;
  readonly chosen: string | null;
}

interface Order {
  readonly account: string;
  readonly amount: string;
  readonly orderId: string;
}

export function PayForm({ street, picture, chosen }: Props) {
  const { words } = useSpeech();
  const [account, setAccount] = useState("");
  const [filledFor, setFilledFor] = useState(chosen);
  const [amount, setAmount] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [taken, setTaken] = useState<{ account: string; amount: string } | null>(null);
  const unanswered = useRef<Order | null>(null);
  const [isUnclear, setIsUnclear] = useState(false);

  // Choosing a meter fills the account in; what was typed for another customer must not stay beside it.
  if (filledFor !== chosen) {
    setFilledFor(chosen);
    setAccount(chosen === null ? "" : (picture.meters.get(chosen)?.account ?? ""));
    setTaken(null);
    setProblem(null);
    setIsUnclear(false);
  }

  const submit = async (): Promise<void> => {
    const wish = { account: account.trim(), amount: amount.trim() };
    const kept = unanswered.current;
    const order = kept?.account === wish.account && kept.amount === wish.amount ? kept : { ...wish, orderId: randomKey() };
    unanswered.current = order;
    setIsBusy(true);
    setProblem(null);
    setTaken(null);
    setIsUnclear(false);
    try {
      const answer = await pay(order);
      unanswered.current = null;
      street.tookPayment(answer);
      setTaken({ account: answer.payment.account, amount: answer.payment.amount });
      setAmount("");
    } catch (error) {
      if (error instanceof Declined && error.isFinal) unanswered.current = null;
      setIsUnclear(unanswered.current !== null);
      setProblem(problemOf(error));
    } finally {
      setIsBusy(false);
    }
  };

  const onSubmit = (event: SyntheticEvent): void => {
    event.preventDefault();
    if (!isBusy) void submit();
  };

  return (
    <form className="card" onSubmit={onSubmit} aria-labelledby="pay-title" data-testid="pay-form">
      <h2 id="pay-title">{words.pay}</h2>
      <div className="fields">
        <label className="field field-wide">
          <span>{words.account}</span>
          <input
            name="account"
            list="accounts"
            required
            autoComplete="off"
            value={account}
            onChange={(event) => setAccount(event.target.value)}
            data-testid="pay-account"
          />
        </label>
        <label className="field">
          <span>
            {words.amount} <small>{words.yuan}</small>
          </span>
          <input
            name="amount"
            inputMode="decimal"
            placeholder="100.00"
            required
            autoComplete="off"
            value={amount}
            onChange={(event) => setAmount(event.target.value)}
            data-testid="pay-amount"
          />
        </label>
      </div>
      <p className="who">{picture.accounts.get(account.trim())?.name ?? "\u00a0"}</p>
      <datalist id="accounts">
        {[...picture.accounts.values()].map((one) => (
          <option key={one.account} value={one.account}>
            {one.name}
          </option>
        ))}
      </datalist>
      <button type="submit" className="primary" aria-disabled={isBusy} data-testid="pay-submit">
        {isBusy ? words.paying : words.payNow}
      </button>
      {problem !== null && <ProblemNote problem={problem} />}
      {isUnclear && <p className="note note-unclear">{words.payUnclear}</p>}
      <p className={taken === null ? "note-place" : "note note-done"} role="status" data-testid="pay-done">
        {taken !== null && filled(words.paid, taken)}
      </p>
    </form>
  );
}
