/** `npm run docs:items`: writes the page of all data items anew. Run it after a row has changed; a test fails until it was. */
import { writeFileSync } from "node:fs";
import { printDictionary } from "../protocols/dlt645/index.ts";

writeFileSync(new URL("../../docs/data-items.md", import.meta.url), printDictionary());
