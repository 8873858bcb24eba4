/** What the cipher server can do wrong, one at a time, until it is told otherwise. One table: option, control door and tests read it. */
export const cipherServerModes = {
  honest: "answers as a machine should",
  refusing: "declines every verb behind the introduction",
  slow: "answers everything `slowMs` later",
  mute: "hears and answers nothing",
  gone: "closes the connection at each request",
  garbage: "answers with bytes that are no JSON",
  oversized: "answers with a line that does not end",
  "wrong-macs": "answers, with one bit of each MAC and block turned round",
  "other-version": "says that it speaks version 2 of the port",
} as const;

export type CipherServerMode = keyof typeof cipherServerModes;

export const isCipherServerMode = (text: string): text is CipherServerMode => Object.hasOwn(cipherServerModes, text);
