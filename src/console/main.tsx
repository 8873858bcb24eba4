/** Where the page begins: one street, listened to as long as the page is open. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { StreetPage } from "./pages/street-page.tsx";
import { Street } from "./street.ts";
import { Speaking } from "./words/language.tsx";

const place = document.getElementById("desk");
if (place === null) throw new Error("index.html has no place for the desk");

const street = new Street();
street.start();

createRoot(place).render(
  <StrictMode>
    <Speaking>
      <StreetPage street={street} />
    </Speaking>
  </StrictMode>,
);
