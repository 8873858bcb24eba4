/**
 * A self-signed certificate for 127.0.0.1, made anew for each test: no key lies about in the books, none grows old, and no program
 * of the machine is needed. X.509 v3 in DER, as far as a TLS client wants it: subject alternative name and basic constraints.
 */
import { generateKeyPairSync, sign } from "node:crypto";

const OID = {
  ecdsaWithSha256: "2A8648CE3D040302",
  commonName: "550403",
  alternativeName: "551D11",
  basicConstraints: "551D13",
} as const;

const tlv = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  const length =
    body.length < 0x80 ? [body.length] : body.length < 0x100 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
};
const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, ...parts);
const oid = (hex: string): Buffer => tlv(0x06, Buffer.from(hex, "hex"));
const integer = (...bytes: readonly number[]): Buffer => tlv(0x02, Buffer.from(bytes));
const time = (text: string): Buffer => tlv(0x18, Buffer.from(text, "ascii"));
const bits = (bytes: Uint8Array): Buffer => tlv(0x03, Buffer.from([0]), bytes);
const extension = (id: string, value: Buffer): Buffer => sequence(oid(id), tlv(0x04, value));

export function selfSigned(name: string): { readonly cert: string; readonly key: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const who = sequence(tlv(0x31, sequence(oid(OID.commonName), tlv(0x0c, Buffer.from(name, "utf8")))));
  const loopback = tlv(0x87, Buffer.from([127, 0, 0, 1]));
  const isAuthority = sequence(tlv(0x01, Buffer.from([0xff])));
  const content = sequence(
    tlv(0xa0, integer(2)),
    integer(1),
    algorithm,
    who,
    sequence(time("20200101000000Z"), time("21200101000000Z")),
    who,
    publicKey.export({ type: "spki", format: "der" }),
    tlv(0xa3, sequence(extension(OID.alternativeName, sequence(loopback)), extension(OID.basicConstraints, isAuthority))),
  );
  const signature = sign("sha256", content, { key: privateKey, dsaEncoding: "der" });
  const der = sequence(content, algorithm, bits(signature)).toString("base64");
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${der.replaceAll(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}
