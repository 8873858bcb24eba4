/** `npm run demo -- --once` as a stranger would start it: the story ends well, the last line is one JSON object, the reckoning is even. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";

test("the story of one day is told to its end, and every fen is found", async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, "../../src/demo/main.ts"), "--once"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  const last = out.trimEnd().split("\n").at(-1)!;
  expect(last, err).toMatch(/^\{/);
  const end = JSON.parse(last) as Record<string, unknown>;
  expect(end, `${out}\n${err}`).toMatchObject({
    ok: true,
    seed: 7,
    transports: ["serial", "tcp", "mqtt"],
    money: { held: "0.00", difference: "0.00" },
    disconnects: { confirmed: 1, cancelled: 1 },
    reconnects: { confirmed: 1 },
  });
  expect(end["topUps"]).toEqual({ asked: 4, confirmed: 4, cancelled: 0 });
  expect(Number(end["wallMs"])).toBeLessThan(120_000);
  expect(code).toBe(0);
}, 130_000);

test("a wrong argument is named, and the exit code says wrong use", async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, "../../src/demo/main.ts"), "--seed", "seven"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let err = "";
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  expect(err).toMatch(/--seed: "seven"/);
  expect(code).toBe(2);
});
