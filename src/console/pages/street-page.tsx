/**
 * The operations desk: the street on the left, commands as they move beneath it, and on the right what a person can do
 * about it. On a phone the three become views one switches between. The chosen meter is the thread between the parts.
 */
import { useState, useSyncExternalStore } from "react";
import { CommandFeed } from "../parts/command-feed.tsx";
import { Legend } from "../parts/legend.tsx";
import { MetersTable } from "../parts/meters-table.tsx";
import { PayForm } from "../parts/pay-form.tsx";
import { PaymentList } from "../parts/payment-list.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { RelayForm } from "../parts/relay-form.tsx";
import { TopBar } from "../parts/top-bar.tsx";
import { ViewSwitch } from "../parts/view-switch.tsx";
import type { View } from "../parts/view-switch.tsx";
import type { Street } from "../street.ts";
import { useSpeech } from "../words/language.tsx";

export function StreetPage({ street }: { readonly street: Street }) {
  const picture = useSyncExternalStore(street.subscribe, street.picture);
  const { words } = useSpeech();
  const [chosen, setChosen] = useState<string | null>(null);
  const [view, setView] = useState<View>("meters");
  const [legendIsOpen, setLegendIsOpen] = useState(false);
  const [dismissed, setDismissed] = useState<object | null>(null);
  const trouble = picture.trouble === dismissed ? null : picture.trouble;

  return (
    <>
      <TopBar picture={picture} openLegend={() => setLegendIsOpen(true)} />
      <ViewSwitch view={view} choose={setView} picture={picture} />
      {trouble !== null && (
        <div className="page-trouble">
          <ProblemNote problem={trouble} />
          <button type="button" className="quiet" onClick={() => setDismissed(trouble)}>
            {words.dismiss}
          </button>
        </div>
      )}
      <main className="desk" data-view={view}>
        <MetersTable
          picture={picture}
          chosen={chosen}
          choose={(address) => {
            setChosen(address);
            setView("money");
          }}
        />
        <CommandFeed picture={picture} />
        <div className="rail">
          <PayForm street={street} picture={picture} chosen={chosen} />
          <RelayForm street={street} picture={picture} chosen={chosen} />
          <PaymentList picture={picture} />
        </div>
      </main>
      <Legend isOpen={legendIsOpen} close={() => setLegendIsOpen(false)} />
    </>
  );
}
