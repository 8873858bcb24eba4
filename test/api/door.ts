/** How the tests of the HTTP door ask, and what every answer of it looks like: nothing is known here that a script outside could not know. */
import { request, type IncomingHttpHeaders } from "node:http";
import { expect } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";

export type Thing = Readonly<Record<string, unknown>>;

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: Thing;
}

export interface Question {
  readonly body?: unknown;
  /** As it is, also when it is no JSON. */
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Not by `fetch`: that would not let us name another host. */
export function ask(url: string, method: string, path: string, question: Question = {}): Promise<Answer> {
  const to = new URL(url);
  const body = question.raw ?? (question.body === undefined ? undefined : JSON.stringify(question.body));
  return new Promise((resolve, reject) => {
    const headers = { ...(body === undefined ? {} : { "content-type": "application/json" }), ...question.headers };
    const sent = request({ host: to.hostname, port: to.port, method, path, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        const type = answer.headers["content-type"] ?? "";
        const json = /json/.test(type) ? (JSON.parse(text) as Thing) : {};
        resolve({ status: answer.statusCode ?? 0, type, headers: answer.headers, text, json });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

export const thing = (value: unknown): Thing => value as Thing;
export const things = (value: unknown): readonly Thing[] => value as readonly Thing[];
export const itemsOf = (answer: Answer): readonly Thing[] => things(answer.json["items"]);

export const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d$/;
export const YUAN = /^-?\d+\.\d\d$/;
export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const aMoment = expect.stringMatching(ISO) as string;
export const aUuid = expect.stringMatching(UUID) as string;

/** A refusal: its status, its code, its type, and words that tell a person what to do. */
export function expectProblem(answer: Answer, status: number, code: string): void {
  expect({ status: answer.status, code: answer.json["code"] }).toEqual({ status, code });
  expect(answer.type).toMatch(/^application\/problem\+json/);
  expect(answer.json).toMatchObject({ status, code, type: `urn:fee-control:${code}` });
  for (const words of ["title", "titleZh", "detail", "next"]) expect(answer.json[words], words).toMatch(/\S/);
}

const LOOK_EVERY_MS = 20;

/** Waits until it holds; `what` says what was waited for in vain. */
export async function until<T>(what: string, look: () => Promise<T | null> | T | null, limitMs = 15_000): Promise<T> {
  const deadline = systemClock.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (systemClock.now() > deadline) throw new Error(`waited ${limitMs / 1_000} s in vain for: ${what}`);
    await systemClock.wait(LOOK_EVERY_MS);
  }
}

export const untilTrue = async (what: string, look: () => Promise<boolean> | boolean, limitMs?: number): Promise<void> => {
  await until(what, async () => ((await look()) ? true : null), limitMs);
};

/** Follows a command to its end. */
export const ended = (url: string, id: unknown, limitMs?: number): Promise<Thing> =>
  until(
    `the end of command ${String(id)}`,
    async () => {
      const { json } = await ask(url, "GET", `/v1/commands/${String(id)}`);
      return json["endedAt"] === null ? null : json;
    },
    limitMs,
  );
