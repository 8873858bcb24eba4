/** The console's own build: once when stale, not at all when fresh, whole when two build at once, silent on standard output. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { buildConsole } from "./build-console.ts";

const script = join(import.meta.dirname, "..", "..", "src", "console", "build.ts");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "console-build-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a fresh page is not built again, and standard output stays empty", () => {
  const dist = join(folder, "dist");
  const first = buildConsole(dist);
  expect(first).toMatchObject({ stdout: "", stderr: expect.stringMatching(/^console: built in \S+ s\n$/) as string });
  expect(buildConsole(dist)).toEqual({ stdout: "", stderr: "" });

  writeFileSync(join(dist, ".fingerprint"), "of older sources");
  expect(buildConsole(dist).stderr).toContain("built in");
});

test("two builders at once leave one whole page and nothing beside it", async () => {
  const dist = join(folder, "dist");
  const builders = [0, 1, 2].map(() => spawn(process.execPath, [script, dist], { stdio: "ignore" }));
  const codes = await Promise.all(builders.map(async (builder) => ((await once(builder, "exit")) as [number])[0]));
  expect(codes).toEqual([0, 0, 0]);

  const page = readFileSync(join(dist, "index.html"), "utf8");
  const named = [...page.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map((match) => join(dist, match[1]!));
  expect(named.length).toBeGreaterThanOrEqual(2);
  expect(named.filter((file) => !existsSync(file))).toEqual([]);
  expect(readdirSync(folder)).toEqual(["dist"]);
});

test("where vite is not installed a page that is there is served, and a missing one is explained", () => {
  const root = join(import.meta.dirname, "..", "..");
  const installed = join(folder, "src", "console");
  cpSync(join(root, "src", "console"), installed, { recursive: true, filter: (name) => !/[\\/]dist$|\.building-/.test(name) });
  cpSync(join(root, "src", "kernel"), join(folder, "src", "kernel"), { recursive: true });
  const build = (): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [join(installed, "build.ts")], { encoding: "utf8" });

  const { status, stdout, stderr } = build();
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toContain("npm ci && npm run build");

  mkdirSync(join(installed, "dist"));
  writeFileSync(join(installed, "dist", "index.html"), "a page of another machine");
  expect(build()).toMatchObject({ status: 0, stdout: "", stderr: "" });
});

test("the page needs no inline script or style, and names nothing outside itself", () => {
  const dist = join(folder, "dist");
  buildConsole(dist);
  const page = readFileSync(join(dist, "index.html"), "utf8");
  expect(page).not.toMatch(/<style|style="|<script(?![^>]*\ssrc=)/);
  expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
});
