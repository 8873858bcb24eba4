/** The cipher server's side of one connection: lines in, the introduction first, then verbs; and what the mode makes of the answers. */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Socket } from "node:net";
import type { Clock } from "../src/kernel/clock.ts";
import { reasonOf } from "../src/kernel/faults.ts";
import type { Logger } from "../src/kernel/log.ts";
import type { Secret } from "../src/kernel/secret.ts";
import { fromHex, hex } from "./bytes.ts";
import { MalformedField, UnknownPassword, verbs, type Fields, type Machine } from "./cipher-server-keys.ts";
import type { CipherServer } from "./cipher-server.ts";

const VERSION = 1;
const LINE_BYTES_MAX = 4_096;

interface Talk extends Machine {
  readonly server: CipherServer;
  readonly secret: Secret<string>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly closing: AbortSignal;
}

type Answer = ({ readonly ok: true } & Fields) | { readonly ok: false; readonly code: string; readonly why: string };
const declined = (code: string, why: string): Answer => ({ ok: false, code, why });

export function attendGateway(socket: Socket, talk: Talk): void {
  const { server, clock, log, closing } = talk;
  const introduction = new Introduction(talk);
  let rest = "";
  socket.setNoDelay(true);
  socket.setEncoding("latin1"); // the port is ASCII; a letter is a byte, so that the limit is one of bytes
  socket.on("error", (error) => log.debug({ error: error.message }, "a gateway's connection broke"));
  socket.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    if (rest.length >= LINE_BYTES_MAX || lines.some((line) => line.length >= LINE_BYTES_MAX)) socket.destroy();
    else for (const line of lines) void hear(line);
  });

  async function hear(line: string): Promise<void> {
    const request = requestIn(line);
    if (request === undefined) {
      socket.destroy();
      return;
    }
    const { id, verb, fields } = request;
    const isVerb = Object.hasOwn(verbs, verb);
    if (isVerb || verb === "hello" || verb === "authenticate") server.heard[verb] = (server.heard[verb] ?? 0) + 1;
    switch (server.mode) {
      case "mute":
        return;
      case "gone":
        socket.destroy();
        return;
      case "garbage":
        socket.write("\u0000\u0001 this is no answer\n");
        return;
      case "oversized":
        socket.write(`{"id":${id},"ok":true,"padding":"${"0".repeat(LINE_BYTES_MAX)}`);
        return;
      case "slow":
        await clock.wait(server.slowMs, closing);
        break;
      default:
    }
    const answer = isVerb ? answered(verb, fields) : introduction.answer(verb, fields);
    if (!socket.writable) return;
    socket.write(`${JSON.stringify({ id, ...answer })}\n`);
    if (!answer.ok && answer["code"] === "wrong-secret") socket.end();
  }

  function answered(verb: string, fields: Fields): Answer {
    if (!introduction.isDone) return declined("not-authenticated", "say hello and authenticate first");
    if (server.mode === "refusing") return declined("refused", "this cipher server was told to refuse");
    try {
      const said = verbs[verb]!(fields, talk);
      return { ok: true, ...(server.mode === "wrong-macs" ? spoiled(said) : said) };
    } catch (error) {
      if (error instanceof UnknownPassword) return declined("unknown-password", reasonOf(error));
      if (!(error instanceof MalformedField)) throw error;
      return declined("malformed", reasonOf(error));
    }
  }
}

/** Challenges of both sides, then a proof from each that it knows the secret: the gateway first. */
class Introduction {
  readonly #talk: Talk;
  #challenges: { readonly gateway: string; readonly server: string } | undefined;
  #isDone = false;

  constructor(talk: Talk) {
    this.#talk = talk;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  answer(verb: string, fields: Fields): Answer {
    if (verb === "hello") return this.#hello(fields);
    if (verb === "authenticate") return this.#authenticate(fields);
    return declined("unknown-verb", "this verb is not in version 1 of the port");
  }

  #hello({ version, challenge }: Fields): Answer {
    const { server, chance } = this.#talk;
    this.#isDone = false;
    const says = server.mode === "other-version" ? VERSION + 1 : VERSION;
    if (version !== VERSION) return declined("version", `this server speaks version ${says}`);
    if (typeof challenge !== "string" || !/^[0-9A-F]{32}$/.test(challenge))
      return declined("malformed", "challenge is 16 bytes in hex");
    this.#challenges = { gateway: challenge, server: hex(chance.bytes(16)) };
    return { ok: true, version: says, name: server.name, testKeys: server.saysTestKeys, challenge: this.#challenges.server };
  }

  #authenticate({ proof }: Fields): Answer {
    if (this.#challenges === undefined) return declined("not-authenticated", "say hello first");
    const [expected, own] = [this.#proof("gateway"), this.#proof("server")];
    this.#challenges = undefined; // each challenge is good for one proof
    const given = fromHex(typeof proof === "string" ? proof : "");
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      this.#talk.log.warn({}, "a gateway does not know our secret");
      return declined("wrong-secret", "the proof does not fit the secret of this server");
    }
    this.#isDone = true;
    return { ok: true, proof: hex(own) };
  }

  #proof(side: "gateway" | "server"): Uint8Array {
    const { server, secret } = this.#talk;
    const keys = server.saysTestKeys ? "test-keys" : "own-keys";
    const text = `hsm/1\n${side}\n${this.#challenges!.gateway}\n${this.#challenges!.server}\n${server.name}\n${keys}`;
    return new Uint8Array(createHmac("sha256", secret.open()).update(text).digest());
  }
}

function requestIn(line: string): { id: number; verb: string; fields: Fields } | undefined {
  try {
    const { id, verb, ...fields } = JSON.parse(line) as Fields;
    return typeof id === "number" && Number.isSafeInteger(id) && typeof verb === "string" ? { id, verb, fields } : undefined;
  } catch {
    return undefined;
  }
}

/** The last bit of whatever protects something is turned round; a challenge stays as it is. */
function spoiled(said: Fields): Fields {
  const turned = (text: unknown): unknown => {
    if (typeof text !== "string") return text;
    const bytes = fromHex(text);
    bytes[bytes.length - 1]! ^= 1;
    return hex(bytes);
  };
  return Object.fromEntries(
    Object.entries(said).map(([name, value]) => [name, /^(mac|block)/.test(name) ? turned(value) : value]),
  );
}
