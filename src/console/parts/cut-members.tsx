/** Who stands on a list of cuts. Ten thousand may: the first are shown, whoever is looked for is found, and more come when asked for. */
import { useState } from "react";
import type { WholeCutList } from "../shapes.ts";
import { useSpeech } from "../words/language.tsx";
import { filled } from "../words/phrases.ts";

const SHOWN_AT_ONCE = 200;

export function CutMembers({ members }: { readonly members: WholeCutList["members"] }) {
  const { words, language } = useSpeech();
  const said = words.cuts;
  const [find, setFind] = useState("");
  const [most, setMost] = useState(SHOWN_AT_ONCE);
  const wanted = find.trim().toLowerCase();
  const found =
    wanted === ""
      ? members
      : members.filter(({ meter, account, line }) => [meter, account, line].some((one) => one.toLowerCase().includes(wanted)));
  const left = found.length - most;

  return (
    <>
      {members.length > SHOWN_AT_ONCE && (
        <input
          type="search"
          value={find}
          placeholder={said.findMember}
          aria-label={said.findMember}
          onChange={(event) => setFind(event.target.value)}
          data-testid="cut-members-find"
        />
      )}
      <table data-testid="cut-members">
        <caption>{filled(said.members, { n: members.length })}</caption>
        <tbody>
          {found.slice(0, most).map((member) => (
            <tr key={member.meter}>
              <td>{member.meter}</td>
              <td>{member.account}</td>
              <td>{member.line}</td>
              <td className="number">{member.available}</td>
              <td>
                {said.states[member.state] ?? member.state} {member.canary && <small>{said.canary}</small>}{" "}
                {member.because !== null && <small>{member.because[language]}</small>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {left > 0 && (
        <button type="button" className="quiet" onClick={() => setMost(most + SHOWN_AT_ONCE)} data-testid="cut-members-more">
          {filled(said.moreMembers, { n: left })}
        </button>
      )}
    </>
  );
}
