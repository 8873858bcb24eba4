/**
 * The gates before the broker and before Redis. Of MQTT single packets are set aside, so that one meter's frame is held and the others
 * travel on; a frame is known by its bytes (DL/T 645-2007: address with the lowest byte first, control byte, data plus 33H). What is said
 * to Redis has no packets here: once a command's id is in it, everything that is said to it waits.
 */
import { openGate, type Gate, type Way } from "./gate.ts";

export interface Frame {
  readonly meter: string;
  /** Control byte of the request; the reply carries the same with bit 7. */
  readonly control: number;
  /** Data identifier, eight hex digits; null: the control byte says enough. */
  readonly item: string | null;
}

export interface WireTrap {
  readonly frame: Frame;
  /** The request is held before the broker has it, or the reply before the gateway has it. */
  readonly hold: "request" | "reply";
  asked: boolean;
  sprung: boolean;
}

export interface BrokerGate extends Gate {
  arm(trap: WireTrap): void;
  disarm(): void;
}

const START = 0x68;
const REPLY = 0x80;
const OFFSET = 0x33;
const PUBLISH = 3;
const LENGTH_BYTES_MAX = 4;

const lowestFirst = (digits: string): readonly number[] => [...Buffer.from(digits, "hex")].reverse();
const isMissing = (bytes: Buffer, part: readonly number[]): boolean => !bytes.includes(Buffer.from(part));

function isFrame(packet: Buffer, { meter, control, item }: Frame, direction: "request" | "reply"): boolean {
  const head = [START, ...lowestFirst(meter), START, direction === "request" ? control : control | REPLY];
  if (isMissing(packet, head)) return false;
  return (
    item === null ||
    direction === "reply" ||
    !isMissing(
      packet,
      lowestFirst(item).map((byte) => (byte + OFFSET) & 0xff),
    )
  );
}

/** Fixed header: a byte, and the remaining length in up to four bytes of seven bits, lowest first. */
function packetBytes(bytes: Buffer): number {
  let length = 0;
  for (let n = 0; n < LENGTH_BYTES_MAX; n += 1) {
    const byte = bytes[1 + n];
    if (byte === undefined) return 0;
    length += (byte & 0x7f) << (7 * n);
    if (byte < 0x80) return 2 + n + length;
  }
  throw new Error("this is no MQTT");
}

export async function openBrokerGate(serverPort: number): Promise<BrokerGate> {
  const traps = new Set<WireTrap>();
  /** A request that was held is one that was said; its reply is the next one of that meter. */
  const springs = (trap: WireTrap, way: Way, packet: Buffer): boolean => {
    if (trap.sprung) return false;
    if (way === "there" && isFrame(packet, trap.frame, "request")) {
      trap.asked = true;
      return trap.hold === "request";
    }
    return way === "back" && trap.asked && isFrame(packet, trap.frame, "reply");
  };
  const gate = await openGate(serverPort, () => ({
    packetBytes: (_way, bytes) => packetBytes(bytes),
    rule: (way, packet) => {
      if (packet[0]! >> 4 !== PUBLISH) return "pass";
      const sprung = [...traps].find((trap) => springs(trap, way, packet));
      if (sprung === undefined) return "pass";
      sprung.sprung = true;
      return "aside";
    },
  }));
  return { ...gate, arm: (trap) => void traps.add(trap), disarm: () => traps.clear() };
}

export interface RedisTrap {
  readonly about: () => Iterable<string>;
  sprung: boolean;
}

export interface RedisGate extends Gate {
  arm(trap: RedisTrap): void;
  disarm(): void;
}

export async function openRedisGate(serverPort: number): Promise<RedisGate> {
  const traps = new Set<RedisTrap>();
  let stopped = false;
  const gate = await openGate(serverPort, () => ({
    packetBytes: (_way, bytes) => bytes.length,
    rule: (way, packet) => {
      if (way === "back") return "pass";
      for (const trap of traps) if ([...trap.about()].some((id) => packet.includes(id))) trap.sprung = true;
      stopped ||= [...traps].some(({ sprung }) => sprung);
      return stopped ? "aside" : "pass";
    },
  }));
  return {
    ...gate,
    arm: (trap) => void traps.add(trap),
    disarm: () => traps.clear(),
    release: () => {
      for (const trap of traps) if (trap.sprung) traps.delete(trap);
      stopped = false;
      gate.release();
    },
  };
}
