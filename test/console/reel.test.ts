/** The order of pictures, case by case: what is announced, what is fetched, and what a person sees. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Reel } from "../../src/console/reel.ts";
import type { Command } from "../../src/console/shapes.ts";
import { aCommand } from "./fake-gateway.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const inState = (state: string): Command => aCommand("c1", { state }) as unknown as Command;

const cases: readonly { readonly title: string; readonly heard: readonly string[]; readonly seen: readonly string[] }[] = [
  {
    title: "each announced step is seen",
    heard: ["!queued", "!sending", "!verifying", "!confirmed"],
    seen: ["queued", "sending", "verifying", "confirmed"],
  },
  { title: "a repeated announcement is no step", heard: ["!queued", "!queued", "=queued"], seen: ["queued"] },
  {
    title: "announcements overtaken by the object find their places",
    heard: ["!queued", "=verifying", "!sending", "!verifying"],
    seen: ["queued", "sending", "verifying"],
  },
  {
    title: "old news after the end is dropped",
    heard: ["=confirmed", "…", "!sending", "!verifying", "!confirmed"],
    seen: ["confirmed"],
  },
  {
    title: "only a fetched object goes back",
    heard: ["=verifying", "…", "!sending", "=sending", "…", "!verifying", "=verifying"],
    seen: ["verifying", "sending", "verifying"],
  },
  {
    title: "an end that is not on the road is an end",
    heard: ["!sending", "!disputed", "=disputed"],
    seen: ["sending", "disputed"],
  },
];

test("news of a step before the one that was listed is dropped", () => {
  const shown: string[] = [];
  const reel = new Reel(inState("verifying"), ({ state }) => shown.push(state));
  reel.announced("sending");
  vi.advanceTimersByTime(5_000);
  expect(shown).toEqual(["verifying"]);
});

test("an object asked for before the last announcement does not take the command back", () => {
  const shown: string[] = [];
  const reel = new Reel(inState("accepted"), ({ state }) => shown.push(state));
  reel.announced("queued");
  const count = reel.announcementCount;
  reel.announced("sending");
  reel.fetched(inState("queued"), count);
  vi.advanceTimersByTime(5_000);
  expect(shown).toEqual(["accepted", "queued", "sending"]);
});

test.for(cases)("$title", ({ heard, seen }) => {
  const shown: string[] = [];
  const reel = new Reel(inState("accepted"), ({ state }) => {
    if (shown.at(-1) !== state) shown.push(state);
  });
  for (const news of heard) {
    if (news === "…") vi.advanceTimersByTime(5_000);
    else if (news.startsWith("!")) reel.announced(news.slice(1));
    else reel.fetched(inState(news.slice(1)));
  }
  vi.advanceTimersByTime(5_000);
  expect(shown).toEqual(["accepted", ...seen]);
});
