/** Whoever has no key yet learns from the tool itself where it is taken from. */
import { expect, test } from "vitest";
import { faults } from "../../src/kernel/faults.ts";
import { meterctl } from "./terminal.ts";

test.each(["--help", "pay --help", "meters --help", "notices retry --help", "receipt --help"])(
  "meterctl %s tells where the gateway and its key are taken from",
  async (call) => {
    const { code, out } = await meterctl(call.split(" "));
    expect(code).toBe(0);
    for (const name of ["GATEWAY_URL", "GATEWAY_KEY"]) expect(out).toContain(name);
  },
);

test("so does the refusal of who comes without one", () => {
  expect(faults.unauthorized.next).toContain("GATEWAY_KEY");
});
