/**
 * Who is in the dark and should not be: he paid, or was cut wrongly; since when, with whom it lies, how far it was escalated. Those that have
 * ended stand beside, since their customers are still to be compensated and asked. Handing over is done at the item, to which a button leads.
 */
import { useState } from "react";
import { useAskedAgain } from "../asked-again.ts";
import { moment } from "../moments.ts";
import { incidents } from "../recovery-calls.ts";
import type { Incident } from "../recovery-calls.ts";
import type { Account, ExceptionItem } from "../shapes.ts";
import { useSpeech } from "../words/language.tsx";
import { filled } from "../words/phrases.ts";
import { FilterRow } from "./filter-row.tsx";
import { IncidentDetails } from "./incident-details.tsx";
import { ProblemNote } from "./problem-note.tsx";
import { Sheet } from "./sheet.tsx";

const ASK_EVERY_MS = 15_000;
const LISTS = ["open", "ended"] as const;
type List = (typeof LISTS)[number];

interface Props {
  readonly isOpen: boolean;
  /** Rises with each announcement about items: a wrong cut and a work order are told by one. */
  readonly told: number;
  readonly accounts: ReadonlyMap<string, Account>;
  /** The open ones: they name the owner. */
  readonly items: readonly ExceptionItem[];
  readonly openItem: (id: string) => void;
  readonly close: () => void;
}

export function DarkHoursView({ isOpen, told, accounts, items, openItem, close }: Props) {
  const said = useSpeech().words.darkHours;
  const [list, setList] = useState<List>("open");
  const [chosen, setChosen] = useState<string | null>(null);
  const [asked, setAsked] = useState(0);
  const ask = async () => ({ open: await incidents("open"), ended: await incidents("ended") });
  const { found, trouble } = useAskedAgain(isOpen, ASK_EVERY_MS, ask, [told, asked]);
  const listed = found?.[list] ?? null;
  const shown = listed?.items.find(({ id }) => id === chosen) ?? listed?.items[0] ?? null;
  const itemOf = ({ exception }: Incident): ExceptionItem | undefined => items.find(({ id }) => id === exception);
  const nameOf = ({ account }: Incident): string => (account === null ? "" : (accounts.get(account)?.name ?? account));
  const item = shown === null ? undefined : itemOf(shown);

  return (
    <Sheet isOpen={isOpen} close={close} title={said.title} testId="dark-hours">
      {trouble !== null && <ProblemNote problem={trouble} />}
      {found !== null && (
        <div className="lines-body">
          <div className="lines-list">
            <FilterRow
              label={said.filter}
              choices={LISTS.map((name) => ({ name, title: said.lists[name], count: found[name].items.length }))}
              chosen={list}
              choose={setList}
            />
            {listed?.items.length === 0 && <p>{list === "open" ? said.none : said.noneEnded}</p>}
            {listed?.items.map((one) => (
              <button
                key={one.id}
                type="button"
                aria-current={one.id === shown?.id}
                onClick={() => setChosen(one.id)}
                data-testid="incident-row"
              >
                <Row one={one} name={nameOf(one)} owner={itemOf(one)?.owner ?? null} />
              </button>
            ))}
            {listed?.hasMore === true && <p>{said.more}</p>}
          </div>
          {shown !== null && isOpen && (
            <IncidentDetails
              key={shown.id}
              id={shown.id}
              name={nameOf(shown)}
              told={told + asked}
              changed={() => setAsked((before) => before + 1)}
              openItem={item === undefined ? null : () => openItem(item.id)}
            />
          )}
        </div>
      )}
    </Sheet>
  );
}

function Row({ one, name, owner }: { readonly one: Incident; readonly name: string; readonly owner: string | null }) {
  const { words, language } = useSpeech();
  const said = words.darkHours;
  const where = [name, one.meter].filter((part) => part !== "").join(" · ");
  const asking = one.followedUpAt !== null ? said.asked : one.followUpAt === null ? null : askBy(one.followUpAt, said.askBy);
  const marks: Readonly<Record<string, string>> = said.marks;
  const compensation = `${said.compensation}: ${marks[one.compensation] ?? one.compensation}`;
  const state = one.state === "open" ? [owner] : [said.states[one.state] ?? one.state, compensation, asking];
  return (
    <>
      <b>{one.title[language]}</b>
      <small>{where}</small>
      <small>{filled(said.since, { when: moment(one.darkSince, "") })}</small>
      <small>
        {one.state === "open" && one.level > 0 && (
          <mark>
            {said.level}: {said.levels[one.level] ?? one.level}
          </mark>
        )}{" "}
        {state.filter((part) => part !== null).join(" · ")}
      </small>
    </>
  );
}

const askBy = (at: string, phrase: string): string => filled(phrase, { when: moment(at, "") });
