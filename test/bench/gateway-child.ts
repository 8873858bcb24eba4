/**
 * The gateway of a bench, in a process of its own, so that its cost shows: the real composition on real stores, with a broker inside, and
 * ears on what it says to its stores. The ears count and take the time; they change nothing.
 *
 * Order: first the broker (the street has to be there before the gateway asks for it), then, told to, the gateway.
 */
import pg from "pg";
import { buildConfig } from "../../src/config.ts";
import type { SiteInput } from "../../src/site-file.ts";
import { startGateway, type Gateway } from "../../src/gateway.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { reasonOf } from "../../src/kernel/faults.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { PostgresCommandStore } from "../../src/stores/command-store.ts";
import { startEmbeddedBroker } from "../../src/transports/embedded-broker.ts";

export interface GatewayOrder {
  readonly file: string;
  readonly site: SiteInput;
}
export type GatewayQuestion =
  { readonly ask: "raise" } | { readonly ask: "state" } | { readonly ask: "forget" } | { readonly ask: "figures" };

export interface GatewayState {
  readonly answering: number;
  readonly exchanges: number;
  readonly silences: number;
}

/** When a worker took a command, and when it began to write its attempt; ms since 1970. */
export interface Mark {
  taken?: number;
  began?: number;
  begun?: number;
}

export interface GatewayFigures extends GatewayState {
  readonly cpuMs: number;
  readonly statements: Readonly<Record<string, { readonly times: number; readonly ms: number; readonly queue: boolean }>>;
  readonly marks: Readonly<Record<string, Mark>>;
}

const statements = new Map<string, { times: number; ms: number; queue: boolean }>();
const marks = new Map<string, Mark>();
let cpu = process.cpuUsage();

const moment = (): number => performance.timeOrigin + performance.now();

function note(text: string, queue: boolean, ms: number): void {
  const name = text.replaceAll(/\s+/g, " ").slice(0, 110);
  const known = statements.get(name);
  if (known === undefined) statements.set(name, { times: 1, ms, queue });
  else {
    known.times += 1;
    known.ms += ms;
  }
}

function listenToStatements(): void {
  const client = pg.Client.prototype as unknown as {
    query: (this: { connectionParameters: { application_name?: string } }, ...given: unknown[]) => unknown;
  };
  const query = client.query;
  client.query = function (...given) {
    const [first] = given;
    const text = typeof first === "string" ? first : (first as { text: string }).text;
    const queue = this.connectionParameters.application_name?.endsWith("queue") === true;
    const askedAt = performance.now();
    const answer = query.apply(this, given);
    if (answer instanceof Promise) {
      const done = (): void => note(text, queue, performance.now() - askedAt);
      answer.then(done, done);
    } else note(text, queue, 0);
    return answer;
  };
}

function listenToCommands(): void {
  const store = PostgresCommandStore.prototype;
  const markOf = (id: string): Mark => marks.get(id) ?? marks.set(id, {}).get(id)!;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called on the store again, below
  const { take, beginAttempt } = store;
  store.take = function (...given) {
    markOf(given[0]).taken ??= moment();
    return take.apply(this, given);
  };
  store.beginAttempt = async function (...given) {
    const mark = markOf(given[1]);
    mark.began = moment();
    const begun = await beginAttempt.apply(this, given);
    mark.begun = moment();
    return begun;
  };
}

const order = JSON.parse(process.argv[2] ?? "") as GatewayOrder;
listenToStatements();
listenToCommands();
const broker = await startEmbeddedBroker({ port: 0 });
let gateway: Gateway | undefined;

function state(): GatewayState {
  const street = gateway!.street;
  const buses = street.buses();
  return {
    answering: street.meters().filter((meter) => street.health(meter.address).state === "answering").length,
    exchanges: buses.reduce((sum, bus) => sum + bus.exchanges, 0),
    silences: buses.reduce((sum, bus) => sum + bus.silences, 0),
  };
}

async function answerTo(question: GatewayQuestion): Promise<unknown> {
  switch (question.ask) {
    case "raise": {
      const config = buildConfig({ ...order.site, mqtt: { url: broker.url } }, { file: order.file, env: {} });
      gateway = await startGateway({
        config,
        clock: systemClock,
        chance: seededChance("bench"),
        log: silentLog,
        consoleFolder: null,
      });
      return { url: gateway.url, queue: gateway.queueKind };
    }
    case "state":
      return state();
    case "forget":
      statements.clear();
      marks.clear();
      cpu = process.cpuUsage();
      return {};
    case "figures": {
      const { user, system } = process.cpuUsage(cpu);
      return {
        ...state(),
        cpuMs: (user + system) / 1_000,
        statements: Object.fromEntries(statements),
        marks: Object.fromEntries(marks),
      } satisfies GatewayFigures;
    }
  }
}

async function leave(): Promise<void> {
  await gateway?.stop();
  await broker.close();
  process.exit(0);
}

const send = (message: object): void => void process.send?.(message);
process.on("message", (question: GatewayQuestion) => {
  answerTo(question).then(
    (answer) => send({ answer }),
    (error: unknown) => send({ fault: reasonOf(error) }),
  );
});
process.once("SIGTERM", () => void leave());
process.once("disconnect", () => void leave());
send({ answer: { mqtt: broker.url } });
