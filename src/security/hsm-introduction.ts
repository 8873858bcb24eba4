/**
 * Gateway and HSM introduce themselves: version, name, kind of keys, and the proof on both sides that they know the shared secret.
 * The gateway proves itself first; a server that cannot prove itself in return is not believed in anything it says, since a false
 * yes to a wallet would settle money that no meter holds.
 */
import type { Chance } from "../kernel/chance.ts";
import type { Secret } from "../kernel/secret.ts";
import type { HsmConnection } from "./hsm-connection.ts";
import {
  bytesIn,
  CHALLENGE_BYTES,
  hex,
  HSM_VERSION,
  HsmDeclined,
  isSameProof,
  proofOf,
  truthIn,
  type Fields,
  type HsmHello,
} from "./hsm-protocol.ts";

/** It will be no different at the next try; the sentence says what a person has to do. */
export class HsmRefused extends Error {
  readonly becauseOf: "version" | "secret" | "test-keys";

  constructor(becauseOf: HsmRefused["becauseOf"], sentence: string) {
    super(sentence);
    this.becauseOf = becauseOf;
  }
}

export interface Introduction {
  readonly secret: Secret<string>;
  readonly chance: Chance;
  readonly production: boolean;
}

export async function introduce(connection: HsmConnection, { secret, chance, production }: Introduction): Promise<HsmHello> {
  const gateway = hex(chance.bytes(CHALLENGE_BYTES));
  const said = await declinedAs("version", connection.ask("hello", { version: HSM_VERSION, challenge: gateway }));
  if (said["version"] !== HSM_VERSION) throw otherVersion(typeof said["version"] === "number" ? String(said["version"]) : "none");
  const hello: HsmHello = { name: nameIn(said), testKeys: truthIn(said, "testKeys") };
  const challenges = { gateway, server: hex(bytesIn(said, "challenge", CHALLENGE_BYTES)) };
  const proof = proofOf("gateway", secret, challenges, hello);
  const back = await declinedAs("wrong-secret", connection.ask("authenticate", { proof }));
  const theirs = hex(bytesIn(back, "proof", 32));
  if (!isSameProof(proofOf("server", secret, challenges, hello), theirs))
    throw new HsmRefused(
      "secret",
      "it cannot prove that it knows our secret: another server answers at this address, or what it says is changed on the way; nothing it says is believed",
    );
  if (hello.testKeys && production)
    throw new HsmRefused(
      "test-keys",
      "it says that its keys are test keys, and those are refused with NODE_ENV=production; connect the machine with the utility's keys",
    );
  return hello;
}

/** Some refusals are for a person: the server says so by their code. */
async function declinedAs(code: "version" | "wrong-secret", answer: Promise<Fields>): Promise<Fields> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof HsmDeclined) || error.code !== code) throw error;
    if (code === "version") throw otherVersion("another version");
    throw new HsmRefused(
      "secret",
      "it refuses our secret; give gateway (security.secret in the site file) and server the same one",
    );
  }
}

const otherVersion = (theirs: string): HsmRefused =>
  new HsmRefused(
    "version",
    `it speaks version ${theirs} of the HSM port and this gateway speaks ${HSM_VERSION}; bring one of them forward`,
  );

function nameIn(fields: Fields): string {
  const name = fields["name"];
  return typeof name === "string" && /^[\x20-\x7e]{1,60}$/.test(name) ? name : "(no fit name)";
}
