/** What servers say of a customer is kept without his number and address, however it is written and wherever it is cut off. */
import { expect, test } from "vitest";
import { Secret } from "../../src/kernel/secret.ts";
import { struckOut } from "../../src/notices/contacts.ts";

const contact = { phone: new Secret("+8613800001234"), email: new Secret("li.si@example.com") };

test.each([
  ["as it was sent", "no such number +8613800001234 here", "no such number +86••••1234 here"],
  ["without its plus", "8613800001234: blocked", "+86••••1234: blocked"],
  ["with spaces between", "unknown +86 138 0000 1234.", "unknown +86••••1234."],
  ["with its plus encoded", "to=%2B8613800001234&x", "to=%2B+86••••1234&x"],
  ["without its country", "blocked: 13800001234", "blocked: +86••••1234"],
  ["cut off in the middle", 'HTTP 400: {"phone":"+861380000', 'HTTP 400: {"phone":"••••'],
  ["an address, in other letters", "no mailbox LI.SI@EXAMPLE.COM", "no mailbox l••••@example.com"],
  ["an address, cut off", "no mailbox li.si@exam", "no mailbox ••••"],
  ["nothing of his", "HTTP 429: 100 a minute", "HTTP 429: 100 a minute"],
])("%s", (_, words, shown) => {
  expect(struckOut(words, contact)).toBe(shown);
});
