import { expect, test } from "vitest";
import { CommandId, commandIdAfter } from "../../src/kernel/ids.ts";

const at = (text: string): CommandId => CommandId(text);
const NEWEST = at("019aa000-0000-7000-8000-0000000000ff");

test.each([
  ["there is none before it", null, "01900000-0000-7000-8000-000000000001", "01900000-0000-7000-8000-000000000001"],
  ["it is greater", NEWEST, "019aa000-0000-7000-8000-000000000100", "019aa000-0000-7000-8000-000000000100"],
  ["it is the same", NEWEST, NEWEST, "019aa000-0000-7000-8000-000000000100"],
  ["its clock was behind", NEWEST, "01900000-0000-7000-8000-000000000001", "019aa000-0000-7000-8000-000000000100"],
] as const)("an order's id is greater than the meter's newest: %s", (_why, newest, made, wanted) => {
  expect(commandIdAfter(newest, at(made))).toBe(wanted);
});
