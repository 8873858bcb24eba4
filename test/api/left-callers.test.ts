/** Callers that leave before their answer, or that never read what they asked for: nothing of them is kept, and no stop waits for them. */
import { connect, type AddressInfo, type Socket } from "node:net";
import fastify, { type FastifyInstance } from "fastify";
import { validatorCompiler } from "fastify-type-provider-zod";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LiveEvents, type ApiParts } from "../../src/api/books.ts";
import { installDraining } from "../../src/api/draining.ts";
import { houseRoutes } from "../../src/api/routes/house.ts";
import { Instant, type Clock } from "../../src/kernel/clock.ts";
import { MeterAddress } from "../../src/kernel/ids.ts";
import { untilTrue } from "./door.ts";

/** Time does not pass: whoever waits for it to be over waits until he is told that he need not. */
const clock: Clock = {
  now: () => Instant(0),
  wait: (_ms, signal) => new Promise((resolve) => signal?.addEventListener("abort", () => resolve())),
};
let app: FastifyInstance;
const live = new LiveEvents();
const callers: Socket[] = [];
let asked = 0;
let answer: (() => void) | null = null;

beforeEach(async () => {
  app = fastify({ forceCloseConnections: true });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(() => (body) => JSON.stringify(body));
  installDraining(app, clock);
  app.get("/slow", () => {
    asked += 1;
    return new Promise((resolve) => (answer = () => resolve({ late: true })));
  });
  houseRoutes(app, { live, clock, metrics: {} } as unknown as ApiParts);
  await app.listen({ host: "127.0.0.1", port: 0 });
});
afterEach(async () => {
  open = NaN;
  for (const caller of callers.splice(0)) caller.destroy();
  await app.close();
});

/** One that asks, and reads nothing of what comes. */
const call = async (path: string): Promise<Socket> => {
  const { port } = app.server.address() as AddressInfo;
  const caller = connect({ host: "127.0.0.1", port });
  callers.push(caller);
  caller.on("error", () => undefined);
  caller.pause();
  await new Promise<void>((resolve) => caller.once("connect", resolve));
  caller.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
  return caller;
};

test("a caller that left before its answer is not waited for at the stop", async () => {
  const before = asked;
  const caller = await call("/slow");
  await untilTrue("the question to be heard", () => asked > before);
  caller.resetAndDestroy();
  await untilTrue("its leaving to be noticed", () => connectionsOf(app) === 0);
  answer!();
  await app.close(); // time stands still: this ends only where nobody is waited for
});

test("a caller that is still there is waited for", async () => {
  const before = asked;
  await call("/slow");
  await untilTrue("the question to be heard", () => asked > before);
  let isClosed = false;
  const closed = app.close().then(() => (isClosed = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(isClosed).toBe(false);
  answer!();
  await closed;
});

test("a listener to events that reads nothing is let go, and one that reads stays", async () => {
  const [deaf, heard] = [await call("/v1/events"), await call("/v1/events")];
  let bytes = 0;
  heard.on("data", (chunk: Buffer) => (bytes += chunk.length)).resume();
  await untilTrue("both to be answered", () => bytes > 0 && connectionsOf(app) === 2);
  const event = { type: "meter", address: MeterAddress("202611220001"), padding: "x".repeat(60_000) };
  await untilTrue("the deaf one to be let go", async () => {
    const before = bytes;
    live.publish([event as never]);
    await untilTrue("the other to have read it", () => bytes > before);
    return connectionsOf(app) === 1;
  });
  expect(heard.destroyed).toBe(false);
  expect(deaf.readableFlowing).toBe(false);
});

let open = NaN;
/** As the server counts them, which it tells a moment later. */
const connectionsOf = (of: FastifyInstance): number => {
  of.server.getConnections((_error, count) => (open = count));
  return open;
};
