/**
 * The street, or the form to sign in. A session that ends in the middle hides the street and does not take it away: what was
 * half typed is there afterwards, and so is the order id of a payment whose answer is still missing.
 */
import { useSyncExternalStore } from "react";
import type { Door } from "../door.ts";
import { SignIn } from "../parts/sign-in.tsx";
import type { Street } from "../street.ts";
import { StreetPage } from "./street-page.tsx";

export function Desk({ street, door }: { readonly street: Street; readonly door: Door }) {
  const step = useSyncExternalStore(door.subscribe, door.step);
  return (
    <>
      <div className="page" hidden={step.door !== "open"}>
        <StreetPage street={street} door={door} />
      </div>
      {step.door === "shut" && <SignIn door={door} />}
    </>
  );
}
