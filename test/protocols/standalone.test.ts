/** The codec stands by itself: no package, nothing of Node, nothing of the house but a few pure files of its kernel. */
import { builtinModules } from "node:module";
import { createContext, runInContext } from "node:vm";
import { build, type Rolldown } from "vite";
import { expect, test } from "vitest";

const ENTRY = "src/protocols/dlt645/index.ts";

async function bundled(): Promise<Rolldown.OutputChunk> {
  const built = await build({
    configFile: false,
    logLevel: "error",
    publicDir: false,
    build: {
      write: false,
      minify: false,
      target: "es2022",
      lib: { entry: ENTRY, formats: ["iife"], name: "dlt645" },
      rolldownOptions: { external: builtinModules.flatMap((name) => [name, `node:${name}`]) },
    },
  });
  return (built as readonly Rolldown.RolldownOutput[])[0]!.output[0];
}

test("it runs where there is neither Node nor a package, as in a browser", async () => {
  const chunk = await bundled();
  expect(chunk.imports).toEqual([]);
  // What begins with a zero byte is the bundler's own.
  const modules = Object.keys(chunk.modules).filter((path) => !path.startsWith("\0"));
  expect(modules.filter((path) => path.includes("node_modules"))).toEqual([]);
  expect(modules.filter((path) => !path.includes("/src/protocols/dlt645/") && !path.includes("/src/kernel/"))).toEqual([]);

  // A realm with the language alone: no Buffer, no process, no require.
  const realm = createContext({});
  runInContext(`"use strict"; var ${chunk.code.slice(chunk.code.indexOf("dlt645 ="))}`, realm);
  const rows: unknown = runInContext(
    `JSON.stringify(dlt645.explain(dlt645.bytesOfHex("68 01 00 22 11 26 20 68 91 08 33 35 C3 33 78 56 33 33 75 16")))`,
    realm,
  );
  expect(JSON.parse(String(rows))).toMatchObject([{ valid: true, name: "balance", values: [{ value: "23.45", unit: "yuan" }] }]);
  const request: unknown = runInContext(
    `dlt645.hexBytes(dlt645.encodeFrame(dlt645.requests.read("202611220001", "00900200")))`,
    realm,
  );
  expect(request).toBe("68 01 00 22 11 26 20 68 11 04 33 35 C3 33 BD 16");
});
