/**
 * The key that receipts are signed with, and every public key that ever was one.
 *
 *     receipt-key.pem           the private key: made at the first start, for its owner alone; or named in the site file (receipts.key)
 *     receipt-public-keys.pem   public keys, one below the other, only added to: an old receipt stays verifiable after a change of keys
 *
 * A key is named by the first sixteen hex digits of the SHA-256 of its public part.
 */
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { Fault, reasonOf } from "../kernel/faults.ts";
import type { Secret } from "../kernel/secret.ts";

const KEY_FILE = "receipt-key.pem";
const PUBLIC_FILE = "receipt-public-keys.pem";
const OURS_ALONE = 0o600;
const OTHERS = 0o077;

export interface PublicKey {
  readonly id: string;
  readonly pem: string;
}

export interface SigningKey {
  readonly id: string;
  readonly sign: KeyObject;
  readonly pem: string;
}

export interface ReceiptKeys {
  readonly current: SigningKey;
  /** Those of before, oldest first. */
  readonly older: readonly PublicKey[];
}

export const keyIdOf = (key: KeyObject): string =>
  createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("hex")
    .slice(0, 16);

const pemOf = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }).toString();

/** `given`: from the vault; null: the data folder's own, made when there is none. */
export function openReceiptKeys(folder: string, given: Secret<string> | null): ReceiptKeys {
  const current = signingKeyOf(
    given === null ? ownKey(join(folder, KEY_FILE)) : given.open(),
    given === null ? KEY_FILE : "receipts.key",
  );
  const file = join(folder, PUBLIC_FILE);
  const known = existsSync(file) ? publicKeysOf(readFileSync(file, "utf8")) : [];
  if (!known.some(({ id }) => id === current.id)) appendFileSync(file, current.pem, { flush: true });
  return { current, older: known.filter(({ id }) => id !== current.id) };
}

function ownKey(file: string): string {
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync("ed25519");
    writeFileSync(file, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: OURS_ALONE, flag: "wx", flush: true });
  } else if (process.platform !== "win32" && (statSync(file).mode & OTHERS) !== 0)
    throw new Fault("receipt-key-unusable", { key: file, problem: "others than its owner have rights to it; chmod 600 it" });
  return readFileSync(file, "utf8");
}

function signingKeyOf(pem: string, where: string): SigningKey {
  let sign: KeyObject;
  try {
    sign = createPrivateKey(pem);
  } catch (error) {
    throw new Fault("receipt-key-unusable", { key: where, problem: reasonOf(error) }, { cause: error });
  }
  if (sign.asymmetricKeyType !== "ed25519")
    throw new Fault("receipt-key-unusable", {
      key: where,
      problem: `an Ed25519 key in PEM is wanted, not ${sign.asymmetricKeyType ?? "another"}`,
    });
  const open = createPublicKey(sign);
  return { id: keyIdOf(open), sign, pem: pemOf(open) };
}

const ONE_PUBLIC = /-----BEGIN PUBLIC KEY-----[\s\S]*?-----END PUBLIC KEY-----/g;

/** Every public key of a text: PEM blocks one below the other, or inside of JSON as GET /v1/receipts/key answers it. */
export function publicKeysOf(text: string): readonly PublicKey[] {
  return [...text.replaceAll("\\n", "\n").matchAll(ONE_PUBLIC)].map(([pem]) => {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType !== "ed25519") throw new Error("a receipt's key is an Ed25519 key");
    return { id: keyIdOf(key), pem: pemOf(key) };
  });
}
