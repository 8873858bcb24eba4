/** Where the page begins: one street, listened to as long as the page is open and its door is. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { whenTurnedAway } from "./api.ts";
import { Door } from "./door.ts";
import { Desk } from "./pages/desk.tsx";
import { Street } from "./street.ts";
import { Speaking } from "./words/language.tsx";

const place = document.getElementById("desk");
if (place === null) throw new Error("index.html has no place for the desk");

const door = new Door();
const street = new Street();
const look = (): void => void door.look();
let stop: (() => void) | undefined;
door.subscribe(() => {
  if (door.step().door === "open") {
    stop ??= street.start(look);
  } else {
    stop?.();
    stop = undefined;
  }
});
whenTurnedAway(look);
look();

createRoot(place).render(
  <StrictMode>
    <Speaking>
      <Desk street={street} door={door} />
    </Speaking>
  </StrictMode>,
);
