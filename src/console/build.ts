/**
 * Builds the console when it is stale: `node src/console/build.ts [folder]`, by default into src/console/dist.
 *
 * Stale means that the fingerprint of its sources and of the packages that go into it is not the one kept with the last
 * build. Content decides, not file times: a fresh clone has new times and old content. Looking takes a few milliseconds,
 * because vite is only loaded when there is something to build.
 *
 * The new page is built aside and put in place by renaming, so two processes that build at once cannot mix their files:
 * one of them wins, the other finds that its work is done. Installs without vite (production) serve the page they were
 * given. Nothing is written to standard output, whose last line belongs to the programs started after this one.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";

const sources = import.meta.dirname;
const target = resolve(process.argv[2] ?? join(sources, "dist"));
const aside = join(dirname(target), `.building-${process.pid}`);
const STAMP = ".fingerprint";

/** What the page takes from outside this folder. */
const outside = [join(sources, "..", "kernel", "faults.ts")];
const packages = ["vite", "@vitejs/plugin-react", "react", "react-dom"];

/** A build that died half-way leaves its folder behind; nobody builds for so long. */
const ABANDONED_MS = 10 * 60_000;

const require = createRequire(import.meta.url);
const say = (sentence: string): void => void process.stderr.write(`console: ${sentence}\n`);

function versionOf(name: string): string {
  const home = require.resolve.paths(name)?.find((folder) => existsSync(join(folder, name, "package.json")));
  if (home === undefined) return "absent";
  return (JSON.parse(readFileSync(join(home, name, "package.json"), "utf8")) as { version: string }).version;
}

function fingerprint(): string {
  const own = readdirSync(sources, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(?:tsx?|css|html|svg)$/.test(name) && !/(?:^|[\\/])(?:dist|\.building-\d+)[\\/]/.test(name))
    .sort()
    .map((name) => join(sources, name));
  const hash = createHash("sha256");
  for (const file of [...own, ...outside])
    hash.update(file.slice(sources.length)).update("\0").update(readFileSync(file)).update("\0");
  for (const name of packages) hash.update(`${name}@${versionOf(name)}\n`);
  return hash.digest("hex");
}

function stampOf(folder: string): string | null {
  try {
    return readFileSync(join(folder, STAMP), "utf8");
  } catch {
    return null;
  }
}

function sweep(): void {
  for (const name of readdirSync(dirname(target)).filter((one) => /^\.building-\d+$/.test(one))) {
    const folder = join(dirname(target), name);
    const age = Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > ABANDONED_MS) rmSync(folder, { recursive: true, force: true });
  }
}

/** Renaming onto a folder that is not empty fails; that is how the second of two builders learns that it is second. */
function putInPlace(built: string, stamp: string): void {
  if (existsSync(target)) {
    try {
      renameSync(target, join(aside, "before"));
    } catch {
      // the other builder has just taken it away
    }
  }
  try {
    renameSync(built, target);
  } catch (error) {
    if (stampOf(target) !== stamp) throw error;
  }
}

async function build(stamp: string): Promise<void> {
  const startedAt = performance.now();
  // vite takes a development build of React for whatever NODE_ENV the caller happens to have.
  process.env["NODE_ENV"] = "production";
  const [{ build: bundle }, { default: react }] = await Promise.all([import("vite"), import("@vitejs/plugin-react")]);
  mkdirSync(dirname(target), { recursive: true });
  sweep();
  const built = join(aside, "dist");
  try {
    await bundle({
      configFile: false,
      root: sources,
      base: "./",
      mode: "production",
      logLevel: "error",
      plugins: [react()],
      // Nothing inline: the gateway's content security policy allows scripts and styles of its own files only.
      build: { outDir: built, emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
    });
    writeFileSync(join(built, STAMP), stamp);
    putInPlace(built, stamp);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  say(`built in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
}

const stamp = fingerprint();
const isFresh = stampOf(target) === stamp && existsSync(join(target, "index.html"));
const canBuild = packages.every((name) => versionOf(name) !== "absent");

if (!isFresh && canBuild) {
  await build(stamp);
} else if (!isFresh && !existsSync(join(target, "index.html"))) {
  say(
    "not built, and vite is not installed here. Run `npm ci && npm run build`, or copy src/console/dist from where it was built.",
  );
  process.exitCode = 1;
}
