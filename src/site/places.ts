/** Where a path of the site file leads: files are named from the file that names them, what the environment says from where we stand. */
import { isAbsolute, resolve } from "node:path";

export const atBase = (base: string, path: string, fromHere: boolean): string =>
  isAbsolute(path) ? path : resolve(fromHere ? process.cwd() : base, path);
