/**
 * The security module in front of a network cipher machine (密码机, HSM): one request per verb over the HSM port of README.md. No
 * key and no algorithm is here; what comes back is checked for its shape and for being about the meter that was asked for.
 *
 * Whatever keeps the machine from answering ends as `security-unavailable`, with what to do: nothing is sent to the meter then, and
 * what was to be sent waits. Proofs and keys are in no message and no log.
 */
import { Fault, reasonOf } from "../kernel/faults.ts";
import type { Secret } from "../kernel/secret.ts";
import { HsmLink, type HsmLinkOptions } from "./hsm-link.ts";
import {
  ADDED_VERBS,
  bytesIn,
  cipherIn,
  hex,
  hex32,
  HsmDeclined,
  HsmNonsense,
  passwordIn,
  truthIn,
  type Fields,
  type Verb,
} from "./hsm-protocol.ts";
import type {
  CipherAndMac,
  IdentityRequest,
  MeterKeyId,
  SecurityModule,
  SecurityTrouble,
  SessionSeed,
  TopUpProof,
} from "./security-module.ts";
import { bytesToProtect, itemToProtect } from "./write-fields.ts";

/** Challenges remembered, so that a recorded answer is noticed when it is played again. */
const CHALLENGES_REMEMBERED_MAX = 4_096;
const UNKNOWN_TO_IT: ReadonlySet<string> = new Set(["unknown-meter", "unknown-password"]);
/** Amount and inner MAC. */
const REFUND_PLAIN_BYTES = 8;
/** Balance 4 and count 4. */
const PURSE_BYTES = 8;

export class HsmModule implements SecurityModule {
  readonly name: string;
  readonly #link: HsmLink;
  readonly #given = new Set<string>();
  /** Why the last request failed, while the connection stands. */
  #lastTrouble: string | null = null;
  readonly #usable: (() => void)[] = [];

  constructor(options: HsmLinkOptions) {
    const { host, port } = options.place;
    this.name = `hsm ${host.includes(":") ? `[${host}]` : host}:${port}`;
    this.#link = new HsmLink({ ...options, log: options.log.child({ hsm: `${host}:${port}` }) });
    this.#link.onOpened(() => this.#wellAgain());
  }

  /** Resolves after the first try. In production a machine that holds test keys ends the start: `test-keys-in-production`. */
  async start(): Promise<void> {
    await this.#link.start();
    if (this.#link.refusedBecauseOf === "test-keys")
      throw new Fault("test-keys-in-production", { server: this.name, why: this.#link.trouble?.why });
  }

  get trouble(): SecurityTrouble | null {
    const { trouble } = this.#link;
    if (trouble !== null) return trouble;
    return this.#lastTrouble === null ? null : { lasting: false, why: this.#lastTrouble };
  }

  /** What the machine said of itself, for people; null while it cannot be asked. */
  get machine(): { readonly name: string; readonly testKeys: boolean } | null {
    return this.#link.hello;
  }

  onUsable(listener: () => void): void {
    this.#usable.push(listener);
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  async beginIdentity(meter: MeterKeyId): Promise<IdentityRequest> {
    return this.#ask("begin-identity", keyOf(meter), (answer) => {
      const request = {
        cipher1: bytesIn(answer, "cipher1", 8),
        random1: bytesIn(answer, "random1", 8),
        factor: bytesIn(answer, "factor", 8),
      };
      if (hex(request.factor) !== `0000${meter.meterNumber}`) throw new HsmNonsense("a factor of another meter");
      const challenge = hex(request.random1);
      if (this.#given.has(challenge)) throw new HsmNonsense("a challenge that it gave before");
      this.#given.add(challenge);
      if (this.#given.size > CHALLENGES_REMEMBERED_MAX) this.#given.delete(this.#given.values().next().value ?? "");
      return request;
    });
  }

  async protectTopUp(
    meter: MeterKeyId,
    session: SessionSeed,
    purchase: Parameters<SecurityModule["protectTopUp"]>[2],
  ): Promise<TopUpProof> {
    if (!/^\d{12}$/.test(purchase.customerNumber)) throw new Error("customerNumber has twelve digits");
    const fields = {
      ...seedOf(meter, session),
      dataItem: purchase.dataItem,
      amount: hex32(purchase.amountFen, "amountFen"),
      count: hex32(purchase.count, "count"),
      customerNumber: purchase.customerNumber,
    };
    return this.#ask("protect-top-up", fields, bothMacs);
  }

  async protectControl(meter: MeterKeyId, session: SessionSeed, plain: Uint8Array): Promise<Uint8Array> {
    if (plain.length !== 8) throw new Error(`a relay order has eight plain bytes, not ${plain.length}`);
    return this.#ask("protect-control", { ...seedOf(meter, session), plain: hex(plain) }, (answer) =>
      bytesIn(answer, "block", 20),
    );
  }

  async protectWrite(
    meter: MeterKeyId,
    session: SessionSeed,
    { dataItem, plain }: { readonly dataItem: string; readonly plain: Uint8Array },
  ): Promise<CipherAndMac> {
    const fields = { ...seedOf(meter, session), dataItem: itemToProtect(dataItem), plain: hex(bytesToProtect(plain, "plain")) };
    return this.#ask("protect-write", fields, (answer) => cipherAndMac(answer, plain.length));
  }

  async sealWrite(
    meter: MeterKeyId,
    session: SessionSeed,
    { dataItem, data }: { readonly dataItem: string; readonly data: Uint8Array },
  ): Promise<Uint8Array> {
    const fields = { ...seedOf(meter, session), dataItem: itemToProtect(dataItem), data: hex(bytesToProtect(data, "data")) };
    return this.#ask("seal-write", fields, (answer) => bytesIn(answer, "mac", 4));
  }

  async protectRefund(
    meter: MeterKeyId,
    session: SessionSeed,
    { amountFen }: { readonly amountFen: bigint },
  ): Promise<CipherAndMac> {
    const fields = { ...seedOf(meter, session), amount: hex32(amountFen, "amountFen") };
    return this.#ask("protect-refund", fields, (answer) => cipherAndMac(answer, REFUND_PLAIN_BYTES));
  }

  async protectPurseReset(
    meter: MeterKeyId,
    session: SessionSeed,
    { amountFen }: { readonly amountFen: bigint },
  ): Promise<TopUpProof> {
    const fields = { ...seedOf(meter, session), amount: hex32(amountFen, "amountFen") };
    return this.#ask("protect-purse-reset", fields, bothMacs);
  }

  async protectModeSwitch(
    meter: MeterKeyId,
    session: SessionSeed,
    { mode, purse }: { readonly mode: "local" | "remote"; readonly purse: Uint8Array },
  ): Promise<TopUpProof> {
    if (purse.length !== PURSE_BYTES) throw new Error(`a purse has ${PURSE_BYTES} bytes, not ${purse.length}`);
    const fields = { ...seedOf(meter, session), mode: mode === "remote" ? "01" : "00", purse: hex(purse) };
    return this.#ask("protect-mode-switch", fields, bothMacs);
  }

  /** Asked for at each use and kept nowhere: whoever ordered opens it into one frame and lets it go. */
  async password(name: string): Promise<Secret<string>> {
    return this.#ask("password", { name }, (answer) => passwordIn(answer, "password"));
  }

  async checkWallet(
    meter: MeterKeyId,
    session: SessionSeed,
    reply: Parameters<SecurityModule["checkWallet"]>[2],
  ): Promise<boolean> {
    const fields = {
      ...seedOf(meter, session),
      balance: hex32(reply.balanceFen, "balanceFen"),
      balanceMac: hex(reply.balanceMac),
      count: hex32(reply.count, "count"),
      countMac: hex(reply.countMac),
    };
    return this.#ask("check-wallet", fields, (answer) => truthIn(answer, "genuine"));
  }

  #wellAgain(): void {
    this.#lastTrouble = null;
    for (const listener of this.#usable) listener();
  }

  async #ask<T>(verb: Verb, fields: Fields, read: (answer: Fields) => T): Promise<T> {
    try {
      const answer = read(await this.#link.ask(verb, fields));
      if (this.#lastTrouble !== null) this.#wellAgain();
      return answer;
    } catch (error) {
      const why = sentenceOf(verb, error);
      // The machine is well, and what it was never taught does not come by waiting.
      if (error instanceof HsmDeclined && error.code === "unknown-verb" && (ADDED_VERBS as readonly Verb[]).includes(verb))
        throw new Fault("not-supported", { module: this.name, verb, why }, { cause: error });
      if (error instanceof HsmNonsense) this.#link.drop(why);
      // A meter or a password that it does not know says nothing about the others.
      if (!(error instanceof HsmDeclined && UNKNOWN_TO_IT.has(error.code))) this.#lastTrouble = why;
      throw new Fault("security-unavailable", { module: this.name, verb, why }, { cause: error });
    }
  }
}

const keyOf = ({ meterNumber }: MeterKeyId): Fields => {
  if (!/^\d{12}$/.test(meterNumber)) throw new Error("meterNumber has twelve digits");
  return { meterNumber };
};

function seedOf(meter: MeterKeyId, { random2, esamSerial }: SessionSeed): Fields {
  if (random2.length !== 4) throw new Error(`random 2 has four bytes, not ${random2.length}`);
  return { ...keyOf(meter), random2: hex(random2), esamSerial: hex(esamSerial) };
}

const bothMacs = (answer: Fields): TopUpProof => ({ mac1: bytesIn(answer, "mac1", 4), mac2: bytesIn(answer, "mac2", 4) });

const cipherAndMac = (answer: Fields, plainBytes: number): CipherAndMac => ({
  cipher: cipherIn(answer, "cipher", plainBytes),
  mac: bytesIn(answer, "mac", 4),
});

/** What happened and what to do about it, without a byte of what was asked or answered. */
function sentenceOf(verb: Verb, error: unknown): string {
  if (error instanceof HsmDeclined && error.code === "unknown-meter")
    return `it holds no key for this meter (${error.message}); bring the meter number into the machine`;
  if (error instanceof HsmDeclined && error.code === "unknown-password")
    return `it keeps no password of this name (${error.message}); bring it into the machine, or name another one in the site file`;
  if (error instanceof HsmDeclined && error.code === "unknown-verb")
    return `it does not know ${verb} (${error.message}); bring the machine, or the adapter before it, forward`;
  if (error instanceof HsmDeclined) return `it declined ${verb} (${error.message}); see the machine's own log`;
  if (error instanceof HsmNonsense) return `it sent ${error.message}; have the machine, or the adapter before it, looked at`;
  return reasonOf(error);
}
