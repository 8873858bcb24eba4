/** What guards the orders to meters, as the site file names it: published test keys, or a cipher machine at an address with a secret. */
import { readFileSync } from "node:fs";
import { reasonOf } from "../kernel/faults.ts";
import type { Secret } from "../kernel/secret.ts";
import type { SiteFile } from "../site-file.ts";
import type { Complaints } from "./complaints.ts";
import { atBase } from "./places.ts";

export interface SoftwareKeys {
  readonly kind: "software-test-keys";
}

export interface HsmConfig {
  readonly kind: "hsm";
  readonly host: string;
  readonly port: number;
  readonly secret: Secret<string>;
  readonly deadlineMs: number;
  /** Null: plain TCP. `ca` is the certificate's text, null for the authorities Node knows. */
  readonly tls: { readonly ca: string | null } | null;
}

/** The proof of the secret can be overheard on a plain wire and tried against guesses: so it has to be too long to guess. */
const HSM_SECRET_LETTERS_MIN = 16;

export function securityOf(
  given: SiteFile["security"],
  base: string,
  secret: (path: string, reference: string) => Secret<string>,
  complaints: Complaints,
): SoftwareKeys | HsmConfig {
  if (given.kind !== "hsm") return given;
  const url = URL.parse(given.url);
  const isPlace = url?.protocol === "hsm:" && url.hostname !== "" && url.port !== "" && url.port !== "0";
  const isAlone = url !== null && `${url.username}${url.password}${url.search}${url.hash}` === "" && /^\/?$/.test(url.pathname);
  if (!isPlace || !isAlone)
    complaints.add("security.url", "hsm://HOST:PORT and nothing else; the secret is named by security.secret");
  const shared = secret("security.secret", given.secret);
  const letters = shared.open().length;
  if (letters > 0 && letters < HSM_SECRET_LETTERS_MIN)
    complaints.add("security.secret", `at least ${HSM_SECRET_LETTERS_MIN} letters, drawn by chance`);
  if (given.ca !== undefined && !given.tls) complaints.add("security.ca", "only with tls: true");
  let ca: string | null = null;
  try {
    if (given.ca !== undefined) ca = readFileSync(atBase(base, given.ca, false), "utf8");
  } catch (error) {
    complaints.add("security.ca", `cannot read the file: ${reasonOf(error)}`);
  }
  return {
    kind: "hsm",
    host: url?.hostname.replaceAll(/[[\]]/g, "") ?? "",
    port: Number(url?.port),
    secret: shared,
    deadlineMs: given.deadlineMs,
    tls: given.tls ? { ca } : null,
  };
}
