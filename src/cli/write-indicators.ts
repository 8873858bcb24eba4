/** Writes docs/indicators.md anew from the tables of indicators and sheets: `npx node src/cli/write-indicators.ts`. */
import { writeFileSync } from "node:fs";
import { indicatorsPage } from "../indicators/page.ts";

writeFileSync(new URL("../../docs/indicators.md", import.meta.url), indicatorsPage());
