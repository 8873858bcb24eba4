/** The street: every meter in one row, in the order of their addresses, so that a row never runs away under the finger. */
import { useState } from "react";
import { metersInOrder } from "../street.ts";
import type { Picture } from "../street.ts";
import type { Account, Meter } from "../shapes.ts";
import { useSpeech } from "../words/language.tsx";
import type { MeterFilter } from "../words/phrases.ts";
import { FilterRow } from "./filter-row.tsx";
import { MeterRow } from "./meter-row.tsx";

const fits: Readonly<Record<MeterFilter, (meter: Meter) => boolean>> = {
  all: () => true,
  answering: (meter) => meter.health.state === "answering",
  silent: (meter) => meter.health.state === "silent",
  disconnected: (meter) => meter.relay.reported === "disconnected",
  armed: (meter) => meter.relay.reported === "armed",
  quarantined: (meter) => meter.identity === "quarantined",
};
const filters = Object.keys(fits) as MeterFilter[];

function isFound(meter: Meter, account: Account | undefined, wanted: string): boolean {
  const text = [meter.address, meter.account, account?.name, meter.bus, meter.model].join(" ").toLowerCase();
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

interface Props {
  readonly picture: Picture;
  readonly chosen: string | null;
  readonly choose: (address: string) => void;
}

export function MetersTable({ picture, chosen, choose }: Props) {
  const { words } = useSpeech();
  const [filter, setFilter] = useState<MeterFilter>("all");
  const [wanted, setWanted] = useState("");

  const all = metersInOrder(picture);
  const accountOf = (meter: Meter): Account | undefined =>
    meter.account === null ? undefined : picture.accounts.get(meter.account);
  const shown = all.filter((meter) => fits[filter](meter) && isFound(meter, accountOf(meter), wanted.trim()));
  const empty = !picture.isLoaded ? words.loading : all.length === 0 ? words.noMeters : shown.length === 0 ? words.noMatch : null;

  return (
    <section className="pane meters" aria-labelledby="meters-title">
      <div className="pane-head">
        <h2 id="meters-title">{words.meters}</h2>
        <FilterRow
          label={words.meters}
          chosen={filter}
          choose={setFilter}
          choices={filters.map((name) => ({ name, title: words.filters[name], count: all.filter(fits[name]).length }))}
        />
        <input
          type="search"
          className="find"
          aria-label={`${words.find}: ${words.findHint}`}
          placeholder={words.findHint}
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
      </div>
      <div className="pane-body" role="region" aria-label={words.meters} tabIndex={0}>
        <table role="table">
          <thead role="rowgroup">
            <tr role="row">
              {[words.meter, words.relay, words.funds, words.energy, words.modelAndBus, words.health, words.identity].map(
                (title, n) => (
                  <th key={title} role="columnheader" scope="col" className={n === 2 || n === 3 ? "number" : undefined}>
                    {title}
                  </th>
                ),
              )}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {shown.map((meter) => (
              <MeterRow
                key={meter.address}
                meter={meter}
                account={accountOf(meter)}
                intent={picture.intents.get(meter.address)}
                isChosen={meter.address === chosen}
                choose={choose}
              />
            ))}
          </tbody>
        </table>
        {empty !== null && <p className="empty">{empty}</p>}
      </div>
    </section>
  );
}
