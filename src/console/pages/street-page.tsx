/**
 * The operations desk: the street on the left, commands as they move beneath it, and on the right what a person can do
 * about it. On a phone the three become views one switches between. The chosen meter is the thread between the parts.
 */
import { useState, useSyncExternalStore } from "react";
import { problemOf } from "../api.ts";
import type { Door } from "../door.ts";
import { CollectionView } from "../parts/collection-view.tsx";
import { CutsView } from "../parts/cuts-view.tsx";
import { DarkHoursView } from "../parts/dark-hours-view.tsx";
import { CommandFeed } from "../parts/command-feed.tsx";
import { ExceptionsView } from "../parts/exceptions-view.tsx";
import { HouseNotes } from "../parts/house-notes.tsx";
import { IndicatorsView } from "../parts/indicators-view.tsx";
import { Legend } from "../parts/legend.tsx";
import { LinesView } from "../parts/lines-view.tsx";
import { MetersTable } from "../parts/meters-table.tsx";
import { NoticesView } from "../parts/notices-view.tsx";
import { PayForm } from "../parts/pay-form.tsx";
import { PaymentList } from "../parts/payment-list.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { RelayForm } from "../parts/relay-form.tsx";
import { ReviewsView } from "../parts/reviews-view.tsx";
import { TopBar } from "../parts/top-bar.tsx";
import { ViewSwitch } from "../parts/view-switch.tsx";
import type { View } from "../parts/view-switch.tsx";
import { useOpenExceptions } from "../open-exceptions.ts";
import type { Problem } from "../shapes.ts";
import type { Street } from "../street.ts";
import { useSpeech } from "../words/language.tsx";

export function StreetPage({ street, door }: { readonly street: Street; readonly door: Door }) {
  const picture = useSyncExternalStore(street.subscribe, street.picture);
  const { hasSession } = useSyncExternalStore(door.subscribe, door.step);
  const { words } = useSpeech();
  const [chosen, setChosen] = useState<string | null>(null);
  const [view, setView] = useState<View>("meters");
  const [legendIsOpen, setLegendIsOpen] = useState(false);
  const [linesAreOpen, setLinesAreOpen] = useState(false);
  const [cutsAreOpen, setCutsAreOpen] = useState(false);
  const [reviewsAreOpen, setReviewsAreOpen] = useState(false);
  const [collectionIsOpen, setCollectionIsOpen] = useState(false);
  const [indicatorsAreOpen, setIndicatorsAreOpen] = useState(false);
  const [exceptionsAreOpen, setExceptionsAreOpen] = useState(false);
  const [exceptionChosen, setExceptionChosen] = useState<string | null>(null);
  const [darkHoursAreOpen, setDarkHoursAreOpen] = useState(false);
  const [noticesAreOpen, setNoticesAreOpen] = useState(false);
  const waiting = useOpenExceptions(picture.isLoaded, picture.exceptionsTold);
  const [dismissed, setDismissed] = useState<object | null>(null);
  const [stayedIn, setStayedIn] = useState<Problem | null>(null);
  const troubleNow = stayedIn ?? picture.trouble;
  const trouble = troubleNow === dismissed ? null : troubleNow;

  /** Whoever leaves the desk has to know when the door did not close behind them. */
  const signOut = (): void => {
    setStayedIn(null);
    door.signOut().catch((error: unknown) => setStayedIn(problemOf(error)));
  };

  return (
    <>
      <TopBar
        picture={picture}
        openLegend={() => setLegendIsOpen(true)}
        openLines={() => setLinesAreOpen(true)}
        openReviews={() => setReviewsAreOpen(true)}
        openCuts={() => setCutsAreOpen(true)}
        openCollection={() => setCollectionIsOpen(true)}
        openIndicators={() => setIndicatorsAreOpen(true)}
        openExceptions={() => setExceptionsAreOpen(true)}
        openDarkHours={() => setDarkHoursAreOpen(true)}
        openNotices={() => setNoticesAreOpen(true)}
        waiting={{ open: waiting.items.length, overdue: waiting.items.filter(({ overdue }) => overdue).length }}
        signOut={hasSession ? signOut : null}
      />
      <ViewSwitch view={view} choose={setView} picture={picture} />
      {trouble !== null && (
        <div className="page-trouble">
          <ProblemNote problem={trouble} />
          <button type="button" className="quiet" onClick={() => setDismissed(trouble)}>
            {words.dismiss}
          </button>
        </div>
      )}
      <HouseNotes isLoaded={picture.isLoaded} />
      <main className="desk" data-view={view}>
        <MetersTable
          picture={picture}
          chosen={chosen}
          choose={(address) => {
            setChosen(address);
            setView("money");
          }}
        />
        <CommandFeed picture={picture} street={street} />
        <div className="rail">
          <PayForm street={street} picture={picture} chosen={chosen} />
          <RelayForm street={street} picture={picture} chosen={chosen} />
          <PaymentList picture={picture} />
        </div>
      </main>
      <ExceptionsView
        isOpen={exceptionsAreOpen}
        items={waiting.items}
        chosen={exceptionChosen}
        choose={setExceptionChosen}
        changed={waiting.again}
        close={() => setExceptionsAreOpen(false)}
      />
      <DarkHoursView
        isOpen={darkHoursAreOpen}
        told={picture.exceptionsTold}
        accounts={picture.accounts}
        items={waiting.items}
        openItem={(id) => {
          setDarkHoursAreOpen(false);
          setExceptionChosen(id);
          setExceptionsAreOpen(true);
        }}
        close={() => setDarkHoursAreOpen(false)}
      />
      <NoticesView isOpen={noticesAreOpen} accounts={picture.accounts} close={() => setNoticesAreOpen(false)} />
      <CutsView isOpen={cutsAreOpen} told={picture.cutsTold} close={() => setCutsAreOpen(false)} />
      <ReviewsView isOpen={reviewsAreOpen} close={() => setReviewsAreOpen(false)} />
      <LinesView isOpen={linesAreOpen} close={() => setLinesAreOpen(false)} />
      <CollectionView isOpen={collectionIsOpen} close={() => setCollectionIsOpen(false)} />
      <IndicatorsView isOpen={indicatorsAreOpen} close={() => setIndicatorsAreOpen(false)} />
      <Legend isOpen={legendIsOpen} close={() => setLegendIsOpen(false)} />
    </>
  );
}
