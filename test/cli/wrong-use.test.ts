/** What cannot be asked like this ends with 2, says what is allowed, and where it can be known here no gateway is asked. */
import { expect, test } from "vitest";
import { rateKeys } from "../../src/collection/collection-store.ts";
import { exemptionKinds } from "../../src/policy/exemptions.ts";
import { entryKinds } from "../../src/validation/entries.ts";
import { reviewLists, sortKeys } from "../../src/validation/review/lists.ts";
import { meterctl } from "./terminal.ts";

/** Nobody listens there: whoever asks all the same ends with 3. */
const NOBODY = { GATEWAY_URL: "http://127.0.0.1:9" };

test.each([
  { call: "reviews foo", allowed: reviewLists },
  { call: "reviews silent --sort foo", allowed: sortKeys },
  { call: "reviews silent --order foo", allowed: ["asc", "desc"] },
  { call: "collection --by foo", allowed: rateKeys },
  { call: "exempt 1000000001 --kind foo", allowed: exemptionKinds },
  { call: "entry 202611220001 foo --reason because-it-is-so", allowed: entryKinds },
  { call: "cut-batch some-list --note due --propose", allowed: ["name accounts after it"] },
  { call: "cut-batch some-list --approve --note seen --members many", allowed: ["like 25"] },
  { call: "entry 12 accept --reason because-it-is-so", allowed: ["twelve digits"] },
])("$call ends with 2, and what is allowed is named", async ({ call, allowed }) => {
  const said = await meterctl(call.split(" "), NOBODY);
  expect({ code: said.code, out: said.out }).toEqual({ code: 2, out: "" });
  for (const word of allowed) expect(said.error).toContain(word);
});

test.each([...reviewLists.map((list) => `reviews ${list}`), ...sortKeys.map((key) => `reviews silent --sort ${key}`)])(
  "%s is asked of the gateway",
  async (call) => {
    expect((await meterctl(call.split(" "), NOBODY)).code).toBe(3);
  },
);
