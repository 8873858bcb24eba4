/** Setting and clearing: 08H and 14H to 1BH and 1DH (clauses 5.4 to 5.10 and 5.12 of the reference). */
import type { Choices } from "../choices.ts";
import { baudBits, baudDigits } from "./slot-bauds.ts";
import { controlBlock } from "./slot-blocks.ts";
import { clockMoment, freezeMoment } from "./slot-moments.ts";
import {
  bytes,
  cipher,
  code,
  echo,
  identifier,
  isPassword,
  itemData,
  level,
  levelOf,
  newAddress,
  operator,
  password,
  slot,
  unused,
} from "./slots.ts";
import { Unreadable } from "../formats/format.ts";
import { hexByte } from "../frame.ts";
import { refuse } from "../refusal.ts";
import { form } from "./form.ts";

const noPassword = unused(3, "no password at this level");
const done = {} as const;
/** Passwords are written in a form of their own, so that they never lie open in data. */
const ordinary = identifier(4, "no password's", (di) => !isPassword(di));
const passwordIdentifier = identifier(4, "04000C01 to 04000C0A", (di) => /^04000C0[1-9A]$/.test(di));
const newPassword = { newLevel: level, newPassword: password };
const authority = { level, password, operator };
/** FFFFFFFF: all of them; otherwise one class, of which all records go. Heard with FF in the last place, sent of events alone. */
const withFfBelow = { ...code(4, "identifier with FF below", (di) => di.endsWith("FF")), tells: false };
const eventClass = {
  ...withFfBelow,
  write(di: string, field: string): Uint8Array {
    const wire = withFfBelow.write(di, field);
    const why = noEventClass(di.toUpperCase());
    return why === undefined ? wire : refuse(field, why, di);
  },
};
/** 03 and 10 to 22 are records; meters keep for ever who cleared them, and when (clause 5.10). */
function noEventClass(di: string): string | undefined {
  if (di === "FFFFFFFF") return undefined;
  if (!/^(?:03|1[0-9A-F]|2[0-2])/.test(di)) return "these are no event records: 03 or 10 to 22 on top, or FFFFFFFF";
  if (/^..(?:..)?FF/.test(di)) return "FF stands in the last place alone, or in all";
  return /^0330(?:01|03)FF$/.test(di) ? "what was cleared is kept for ever" : undefined;
}

const SIGNALS = ["clock-second", "demand-period", "slot-switch"] as const;
export type Signal = (typeof SIGNALS)[number];
const signal = slot<Signal>({
  pattern: "signal",
  bytes: 1,
  read: ([byte = 0]) => SIGNALS[byte] ?? new Unreadable(`${hexByte(byte)} is no signal`),
  write: (name, field) =>
    SIGNALS.includes(name) ? Uint8Array.of(SIGNALS.indexOf(name)) : refuse(field, `not one of ${SIGNALS.join(", ")}`, name),
  show: ([byte], field) => ({
    values: byte === undefined ? [] : [{ name: field, value: hexByte(byte), unit: null }],
    ...(byte === undefined || SIGNALS[byte] === undefined ? {} : { meaning: SIGNALS[byte] }),
  }),
});

export const settingForms = (choices: Choices) => {
  const headed = (head: Choices["clearHead"]) => ({ heardIf: (c: Choices) => c.clearHead === head });
  const secured = { level: levelOf("98", "96"), unused: noPassword, operator, block: controlBlock(choices.controlBlock) };
  const baud = choices.baudByte === "bit-map" ? baudBits() : baudDigits;
  return {
    /** To everybody, without an answer; in some regions to one, who answers 88. */
    "broadcast-time": form(0x08, { to: "one-or-every", request: { time: clockMoment(choices) }, reply: done }),

    "write-password": form(0x14, { request: { di: passwordIdentifier, ...authority, ...newPassword }, reply: done }),
    "write-ciphered": form(0x14, {
      request: { di: ordinary, level: levelOf("98", "96"), unused: noPassword, operator, cipher, mac: bytes(4) },
      reply: done,
    }),
    "write-with-mac": form(0x14, {
      request: { di: ordinary, level: levelOf("99", "97"), unused: noPassword, operator, data: itemData(1), mac: bytes(4) },
      reply: done,
    }),
    write: form(0x14, { request: { di: ordinary, ...authority, data: itemData(1) }, reply: done }),

    /** Answered from the new address. */
    "write-address": form(0x15, { to: "alone", refusal: "none", request: { newAddress }, reply: done }),
    freeze: form(0x16, { to: "one-or-every", request: { freezeAt: freezeMoment(choices.freezeOrder) }, reply: done }),
    "change-baud": form(0x17, { request: { baud }, reply: { baud: echo } }),
    "change-password": form(0x18, {
      request: { di: passwordIdentifier, oldLevel: level, oldPassword: password, ...newPassword },
      reply: { newLevel: echo, newPassword: echo },
    }),

    "clear-demand": form(0x19, { ...headed("password"), request: authority, reply: done }),
    "clear-demand-item": form(0x19, { ...headed("identifier"), request: { di: identifier(4), level, password }, reply: done }),
    "clear-meter-secured": form(0x1a, { request: secured, reply: done }),
    "clear-meter": form(0x1a, { ...headed("password"), request: authority, reply: done }),
    "clear-meter-item": form(0x1a, { ...headed("identifier"), request: { di: identifier(4), level, password }, reply: done }),
    "clear-events-secured": form(0x1b, { request: secured, reply: done }),
    "clear-events": form(0x1b, { request: { ...authority, cleared: eventClass }, reply: done }),

    "set-output": form(0x1d, { to: "one-or-every", request: { output: signal }, reply: { output: echo } }),
  };
};
