/**
 * What customers were told, first of all what reached nobody: such a customer is not cut, or was not warned. By state, of all or of one
 * customer; one of them with its text and every try. Numbers and addresses have their middle left out before they come here.
 */
import { useState } from "react";
import { useAskedAgain } from "../asked-again.ts";
import { moment } from "../moments.ts";
import { notices, noticeStates } from "../notice-calls.ts";
import type { Notice, NoticeState } from "../notice-calls.ts";
import type { Account } from "../shapes.ts";
import { useSpeech } from "../words/language.tsx";
import { NoticeDetails } from "./notice-details.tsx";
import { ProblemNote } from "./problem-note.tsx";
import { Sheet } from "./sheet.tsx";

const ASK_EVERY_MS = 15_000;
const CHOICES = [...noticeStates, "all"] as const;

interface Props {
  readonly isOpen: boolean;
  readonly accounts: ReadonlyMap<string, Account>;
  readonly close: () => void;
}

export function NoticesView({ isOpen, accounts, close }: Props) {
  const said = useSpeech().words.notices;
  const [state, setState] = useState<NoticeState | "all">("failed");
  const [typed, setTyped] = useState("");
  const [account, setAccount] = useState<string | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const [asked, setAsked] = useState(0);
  const ask = async () => ({ state, account, ...(await notices(state, account)) });
  const { found, trouble } = useAskedAgain(isOpen, ASK_EVERY_MS, ask, [state, account, asked]);
  // what was found under another heading is not shown under this one
  const listed = found?.state === state && found.account === account ? found : null;
  // one that was tried again leaves the list of those that failed, and is still looked at
  const shown = chosen ?? listed?.items[0]?.id ?? null;
  const nameOf = (of: string): string => accounts.get(of)?.name ?? "";

  return (
    <Sheet isOpen={isOpen} close={close} title={said.title} testId="notices">
      {trouble !== null && <ProblemNote problem={trouble} />}
      <div className="lines-body">
        <div className="lines-list">
          <div className="filters" role="group" aria-label={said.filter}>
            {CHOICES.map((one) => (
              <button
                key={one}
                type="button"
                className="filter"
                aria-pressed={one === state}
                onClick={() => {
                  setState(one);
                  setChosen(null);
                }}
                data-testid={`notices-${one}`}
              >
                {said.states[one]}
              </button>
            ))}
          </div>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              setAccount(typed.trim() === "" ? null : typed.trim());
              setChosen(null);
            }}
          >
            <input
              type="search"
              className="find"
              aria-label={said.ofAccount}
              placeholder={said.account}
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
              data-testid="notices-account"
            />
          </form>
          {listed?.items.length === 0 && <p>{said.none}</p>}
          {listed?.items.map((one) => (
            <button
              key={one.id}
              type="button"
              aria-current={one.id === shown}
              onClick={() => setChosen(one.id)}
              data-testid="notice-row"
            >
              <Row one={one} name={nameOf(one.account)} />
            </button>
          ))}
          {listed?.hasMore === true && <p>{said.more}</p>}
        </div>
        {shown !== null && isOpen && (
          <NoticeDetails
            key={shown}
            id={shown}
            nameOf={nameOf}
            told={asked}
            changed={() => {
              setChosen(shown);
              setAsked((before) => before + 1);
            }}
          />
        )}
      </div>
    </Sheet>
  );
}

function Row({ one, name }: { readonly one: Notice; readonly name: string }) {
  const { words, language } = useSpeech();
  const states: Readonly<Record<string, string>> = words.notices.states;
  const state = states[one.state] ?? one.state;
  return (
    <>
      <b>{one.title[language]}</b>
      <small>{[one.account, name].filter((part) => part !== "").join(" · ")}</small>
      <small>
        {one.state === "failed" ? <mark>{state}</mark> : state} {moment(one.at, "")}
      </small>
    </>
  );
}
