/**
 * Where secrets come from. The site file names a secret and never holds one:
 *
 *     file:./secrets/relay      a file of its own, its last line end dropped
 *     env:BANK_SECRET           a variable of the environment
 *     vault:relay/202611220001  an entry of the vault file, a map from names to secrets (`vault: { file: … }` in the site file)
 *
 *     hsm:relay/202611220001    kept by the cipher machine of `security`, for relay passwords alone: asked for at each use, never here
 *
 * A file that strangers on this machine can read is no secret: in production it is refused, elsewhere it is a warning that names
 * the file and what to do. Keys of meters never come this way: they stay in the cipher machine (see `security-module.ts`).
 */
import { readFileSync, statSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { parse } from "yaml";
import { reasonOf } from "../kernel/faults.ts";
import { Secret } from "../kernel/secret.ts";

/** Answers a secret, or a sentence that says what is wrong with the reference. */
export interface Vault {
  find(reference: string): Secret<string> | { readonly complaint: string };
}

export interface VaultParts {
  /** What relative paths begin at: the folder of the site file. */
  readonly base: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The file that `vault:` looks into; none: such references are complained of. */
  readonly file?: string;
  /** Files that everybody may read are refused. */
  readonly production: boolean;
  readonly warn: (what: string) => void;
}

const GROUP_WRITES = 0o020;
const OTHERS_READ = 0o004;
const OTHERS_WRITE = 0o002;
/** Where container engines put secrets: readable by all, in a file system that only this container sees. */
const MOUNTED = "/run/secrets/";

const IN_MACHINE = "hsm:";
/** As the HSM port has them; a name that no machine can have is a slip of the pen. */
const MACHINE_NAME = /^[\w/.-]{1,60}$/;

/** Where the cipher machine keeps it: its name there, or what is wrong with that. Null: it is looked for by `find`. */
export function keptInMachine(
  reference: string,
  securityKind: string,
): { readonly inMachine: string } | { readonly complaint: string } | null {
  if (!reference.startsWith(IN_MACHINE)) return null;
  const inMachine = reference.slice(IN_MACHINE.length);
  if (!MACHINE_NAME.test(inMachine))
    return { complaint: `${IN_MACHINE}NAME, with 1 to 60 letters, digits, / . _ or - in its name` };
  return securityKind === "hsm"
    ? { inMachine }
    : { complaint: `${reference} is kept by a cipher machine, and security.kind is ${securityKind}; it has to be hsm` };
}

export function openVault(parts: VaultParts): Vault {
  const { base, env } = parts;
  const at = (path: string): string => (isAbsolute(path) ? path : resolve(base, path));
  const looked = new Set<string>();

  const read = (path: string): string => {
    if (!looked.has(path)) checkRights(path, parts);
    looked.add(path);
    return readFileSync(path, "utf8");
  };

  let entries: Readonly<Record<string, string>> | undefined;
  const entry = (name: string): Secret<string> | { readonly complaint: string } => {
    if (parts.file === undefined) return { complaint: "there is no vault file; name one under vault.file" };
    const found = (entries ??= entriesOf(read(at(parts.file)), parts.file))[name];
    return found === undefined ? { complaint: `${parts.file} has no entry "${name}"` } : new Secret(found);
  };

  return {
    find(reference) {
      const kind = reference.slice(0, reference.indexOf(":"));
      const name = reference.slice(kind.length + 1);
      try {
        if (kind === "vault") return entry(name);
        if (kind === "file") return new Secret(read(at(name)).trim());
        const found = env[name];
        return found === undefined || found === ""
          ? { complaint: `the environment variable ${name} is not set` }
          : new Secret(found);
      } catch (error) {
        return { complaint: error instanceof Refused ? error.message : `cannot read the file: ${reasonOf(error)}` };
      }
    },
  };
}

class Refused extends Error {}

function checkRights(path: string, { production, warn }: VaultParts): void {
  // Windows keeps its rights elsewhere.
  if (process.platform === "win32" || path.startsWith(MOUNTED)) return;
  const { mode } = statSync(path);
  const may = [
    [OTHERS_READ, "read"],
    [OTHERS_WRITE | GROUP_WRITES, "changed"],
  ] as const;
  const what = may.filter(([bits]) => (mode & bits) !== 0).map(([, word]) => word);
  if (what.length === 0) return;
  const said = `${path} can be ${what.join(" and ")} by others (mode ${(mode & 0o777).toString(8)}); chmod 600 ${path}`;
  if (production) throw new Refused(said);
  warn(said);
}

/** Digits without quotes are numbers to YAML, and a password that begins with nought would lose it: only texts are taken. */
function entriesOf(text: string, file: string): Readonly<Record<string, string>> {
  let given: unknown;
  try {
    given = parse(text);
  } catch {
    // What YAML complains of quotes the line, and the line is a secret.
    throw new Refused(`${file} is no YAML; write one line for each secret: name: "secret"`);
  }
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new Refused(`${file} is no map; write one line for each secret: name: "secret"`);
  const wrong = Object.entries(given).find(([, value]) => typeof value !== "string");
  if (wrong !== undefined) throw new Refused(`${file}: the entry "${wrong[0]}" is no text; put its secret in quotes`);
  return given as Record<string, string>;
}
