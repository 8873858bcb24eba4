/** Who is taken next on each line, and that no line occupies the clerks of the others. */
import { expect, test } from "vitest";
import { CommandId } from "../../src/kernel/ids.ts";
import { LineDesk } from "../../src/queue/line-desk.ts";

/** Commands in hand wait until they are let go. */
function desk(limits: { perLineMax?: number; inHandMax?: number } = {}) {
  const begun: string[] = [];
  const letGo = new Map<string, () => void>();
  const it = new LineDesk((id) => {
    begun.push(id);
    return new Promise((resolve) => letGo.set(id, resolve));
  }, limits);
  const end = async (id: string): Promise<void> => {
    letGo.get(id)!();
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
  };
  return { it, begun, end, submit: (id: string, line: string, priority = 2) => it.submit(CommandId(id), line, priority) };
}

test("a few at a time on one line, the rest in order of urgency", async () => {
  const { begun, end, submit } = desk({ perLineMax: 2 });
  for (const id of ["a", "b", "c", "d"]) submit(id, "line");
  submit("person", "line", 3);
  submit("money", "line", 2);
  expect(begun).toEqual(["a", "b"]);
  await end("a");
  await end("b");
  await end("c");
  await end("d");
  expect(begun).toEqual(["a", "b", "c", "d", "money", "person"]);
});

test("a dark line with hundreds of top-ups holds up nobody else, and a restore on it finds room at once", () => {
  const { begun, submit } = desk({ perLineMax: 4, inHandMax: 20 });
  for (let n = 0; n < 300; n += 1) submit(`dark-${n}`, "dark");
  submit("bright", "bright");
  submit("restore", "dark", 0);
  expect(begun).toHaveLength(6);
  expect(begun.slice(4)).toEqual(["bright", "restore"]);
});

test("what is known is not taken twice; what is in hand is told that it was woken again", () => {
  const { it, begun, submit } = desk({ perLineMax: 1 });
  submit("a", "line");
  submit("b", "line");
  submit("b", "line");
  submit("a", "line");
  expect(begun).toEqual(["a", "a"]);
  expect(it.has(CommandId("b"))).toBe(true);
});

test("when the house is full, whoever leaves makes room on every line", async () => {
  const { begun, end, submit } = desk({ perLineMax: 2, inHandMax: 2 });
  submit("a", "one");
  submit("b", "one");
  submit("c", "two");
  expect(begun).toEqual(["a", "b"]);
  await end("a");
  expect(begun).toEqual(["a", "b", "c"]);
});

test("when the house is full, lines with nothing in hand come before those that have a queue and some in hand", async () => {
  const { begun, end, submit } = desk({ perLineMax: 2, inHandMax: 4 });
  for (const n of [1, 2, 3, 4]) for (const line of ["one", "two"]) submit(`${line}-${n}`, line);
  submit("three-1", "three");
  submit("four-1", "four");
  expect(begun).toEqual(["one-1", "two-1", "one-2", "two-2"]);
  await end("one-1");
  await end("two-1");
  expect(begun.slice(4)).toEqual(["three-1", "four-1"]);
  await end("one-2");
  expect(begun.slice(6)).toEqual(["one-3"]);
});

test("when the house is full of orders to relays, the next one goes as soon as one ends, on whatever line", async () => {
  const { begun, end, submit } = desk({ perLineMax: 1, inHandMax: 2 });
  for (const line of ["one", "two", "three", "four", "five"]) submit(line, line, 1);
  expect(begun).toHaveLength(4);
  await end("one");
  expect(begun.slice(4)).toEqual(["five"]);
});

test("after the stop nothing new is begun, and nothing is remembered", async () => {
  const { it, begun, end, submit } = desk({ perLineMax: 1 });
  submit("a", "line");
  submit("b", "line");
  it.stop();
  submit("c", "line");
  await end("a");
  expect(begun).toEqual(["a"]);
  expect(it.has(CommandId("b"))).toBe(false);
});
