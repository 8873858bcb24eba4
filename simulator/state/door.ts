/**
 * The street's state at the control door.
 *
 *     GET  /state                                   all of it
 *     POST /state/save {"file", "replace"?}         the same, as a file for --state
 *
 * It holds what the street needs to go on, the passwords of its meters too; a broker's account is never in it.
 */
import { writeFile } from "node:fs/promises";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { Fault, reasonOf } from "../../src/kernel/faults.ts";
import { makeFolderOf } from "../folder-of.ts";
import { checked } from "../meter-door.ts";
import type { Street } from "../street.ts";
import { stateFileOf } from "./street-state.ts";

const orderShape = z.strictObject({
  file: z.string().regex(/\.json$/, "a file whose name ends in .json"),
  replace: z.boolean().optional(),
});

export function stateRoutes(app: FastifyInstance, street: Street): void {
  app.get("/state", () => stateFileOf(street));
  app.post("/state/save", async ({ body }) => {
    const { file, replace } = checked(orderShape, body);
    const saved = stateFileOf(street);
    try {
      await makeFolderOf(file);
      await writeFile(file, `${JSON.stringify(saved, null, 1)}\n`, { flag: replace === true ? "w" : "wx" });
    } catch (error) {
      const allowed = 'a new file in a folder that can be written, or "replace": true';
      throw new Fault("invalid-request", { field: "file", given: file, allowed, because: reasonOf(error) }, { cause: error });
    }
    return { file, at: saved.state.at, meters: street.meters.size };
  });
}
