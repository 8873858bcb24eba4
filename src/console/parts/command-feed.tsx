/** Commands as they move, newest first. What one of them waits for, or why it ended, stands in its own row. */
import { useState } from "react";
import { newestCommands } from "../street.ts";
import type { Picture, Street } from "../street.ts";
import type { Command } from "../shapes.ts";
import { useSpeech } from "../words/language.tsx";
import type { CommandFilter } from "../words/phrases.ts";
import { CommandRow } from "./command-row.tsx";
import { FilterRow } from "./filter-row.tsx";
import { isMoving, needsPerson } from "./progress-track.tsx";

const fits: Readonly<Record<CommandFilter, (command: Command) => boolean>> = {
  all: () => true,
  moving: isMoving,
  person: needsPerson,
};
const filters = Object.keys(fits) as CommandFilter[];

export function CommandFeed({ picture, street }: { readonly picture: Picture; readonly street: Street }) {
  const { words } = useSpeech();
  const [filter, setFilter] = useState<CommandFilter>("all");
  const all = newestCommands(picture);
  const today = all.find((command) => command.createdAt !== null)?.createdAt ?? null;
  const shown = all.filter(fits[filter]);
  const nameOf = (command: Command): string | undefined => {
    const account = command.account ?? picture.meters.get(command.meter)?.account ?? null;
    return account === null ? undefined : picture.accounts.get(account)?.name;
  };

  return (
    <section className="pane commands" aria-labelledby="commands-title">
      <div className="pane-head">
        <h2 id="commands-title">{words.commands}</h2>
        <FilterRow
          label={words.commands}
          chosen={filter}
          choose={setFilter}
          choices={filters.map((name) => ({ name, title: words.commandFilters[name], count: all.filter(fits[name]).length }))}
        />
      </div>
      <div className="pane-body" role="region" aria-label={words.commands} tabIndex={0}>
        <ol className="feed">
          {shown.map((command) => (
            <CommandRow
              key={command.id}
              command={command}
              name={nameOf(command)}
              amount={command.amount ?? (command.payment === null ? undefined : picture.payments.get(command.payment)?.amount)}
              today={today}
              street={street}
            />
          ))}
        </ol>
        {shown.length === 0 && <p className="empty">{picture.isLoaded ? words.noCommands : words.loading}</p>}
      </div>
    </section>
  );
}
