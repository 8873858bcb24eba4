/**
 * Lists of cuts that wait for two persons, or run. Whoever approves has looked through the list: its members are fetched first, and how many
 * there were goes along with the yes, so that nobody approves what has been added since.
 */
import { useState } from "react";
import * as api from "../api.ts";
import { wholeMoment } from "../moments.ts";
import type { CutList, Problem, WholeCutList } from "../shapes.ts";
import { useSpeech } from "../words/language.tsx";
import { filled } from "../words/phrases.ts";
import { CutMembers } from "./cut-members.tsx";
import { ProblemNote } from "./problem-note.tsx";

export function CutLists({ lists, changed }: { readonly lists: readonly CutList[]; readonly changed: () => void }) {
  const said = useSpeech().words.cuts;
  return (
    <section>
      <h3>{said.lists}</h3>
      {lists.length === 0 && <p>{said.noLists}</p>}
      {lists.map((list) => (
        <OneList key={list.id} list={list} changed={changed} />
      ))}
    </section>
  );
}

function OneList({ list, changed }: { readonly list: CutList; readonly changed: () => void }) {
  const { words, language } = useSpeech();
  const said = words.cuts;
  const [whole, setWhole] = useState<WholeCutList | null>(null);
  const [note, setNote] = useState("");
  const [raises, setRaises] = useState(false);
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const isOpen = ["proposed", "canary", "running"].includes(list.state);

  const send = (ask: () => Promise<unknown>): void => {
    setIsBusy(true);
    setProblem(null);
    ask()
      .catch((error: unknown) => setProblem(api.problemOf(error)))
      .finally(() => setIsBusy(false));
  };
  const look = (): void => send(async () => setWhole(await api.cutList(list.id)));
  const say = (verdict: "approve" | "decline"): void =>
    send(async () => {
      const seen = verdict === "approve" && whole !== null ? { members: whole.members.length, raiseBrake: raises } : {};
      await api.decideCutList(list.id, verdict, { note: note.trim(), ...seen });
      setNote("");
      setWhole(null);
      changed();
    });
  const names = [list.first, list.second].flatMap((one) => (one === null ? [] : [one.by])).join(", ");

  return (
    <div className="approval" role="group" data-testid="cut-list" data-state={list.state}>
      <p>
        <b>{said.states[list.state] ?? list.state}</b> · {list.reason} · {filled(said.proposedBy, { who: list.proposedBy })}{" "}
        {wholeMoment(list.proposedAt)} {names !== "" && `· ${filled(words.approvedBy, { who: names })}`}{" "}
        {list.goodUntil !== null && isOpen && `· ${filled(said.goodUntil, { when: wholeMoment(list.goodUntil) })}`}{" "}
        {list.says !== null && `· ${list.says[language]}`}
      </p>
      <button type="button" className="quiet" disabled={isBusy} onClick={look} data-testid="cut-list-look">
        {said.look}
      </button>
      {whole !== null && <CutMembers members={whole.members} />}
      {isOpen && (
        <>
          <label className="field">
            <span>{said.note}</span>
            <input value={note} onChange={(event) => setNote(event.target.value)} data-testid="cut-list-note" />
          </label>
          {list.state === "proposed" && (
            <label>
              <input type="checkbox" checked={raises} onChange={(event) => setRaises(event.target.checked)} /> {said.raiseBrake}
            </label>
          )}
          <div className="approval-verdicts">
            {list.state === "proposed" && (
              <button
                type="button"
                className="quiet"
                disabled={isBusy || note.trim() === "" || whole === null}
                onClick={() => say("approve")}
                data-testid="cut-list-approve"
              >
                {said.approveYes}
              </button>
            )}
            <button
              type="button"
              className="quiet"
              disabled={isBusy || note.trim() === ""}
              onClick={() => say("decline")}
              data-testid="cut-list-decline"
            >
              {said.declineNo}
            </button>
          </div>
        </>
      )}
      {problem !== null && <ProblemNote problem={problem} />}
    </div>
  );
}
