/** The bench of mass cuts, small: real processes, two persons with keys, a list that is carried out while some who are cut pay already. */
import { afterEach, expect, test } from "vitest";
import { massGround } from "../bench/mass.ts";
import { runMass } from "../bench/mass-run.ts";
import { Workshop } from "../bench/workshop.ts";

const METERS = 200;
const PAYERS = 5;

let workshop: Workshop | undefined;
afterEach(() => workshop?.close());

test("200 who owe are cut from one approved list, each told once, and who pays meanwhile has supply again", async () => {
  workshop = new Workshop(() => undefined);
  const ground = await massGround(workshop, METERS);
  const result = await runMass({ ground, meters: METERS, shadowPollSeconds: 3, payers: PAYERS });
  expect(result.wrong).toEqual([]);
  expect(result.eachMs).toHaveLength(METERS);
  expect(result.restoreMs.length).toBeGreaterThan(0);
}, 240_000);
