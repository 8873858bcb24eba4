/** The wires the transport suite runs over: each has a near end of ours, and a far end held by the test. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt, { type MqttClient } from "mqtt";
import { SerialPort } from "serialport";
import { vi } from "vitest";
import { systemChance } from "../../src/kernel/chance.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { Fault } from "../../src/kernel/faults.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { startEmbeddedBroker } from "../../src/transports/embedded-broker.ts";
import { Listeners } from "../../src/transports/listeners.ts";
import { MemoryWire } from "../../src/transports/memory.ts";
import { MqttLink } from "../../src/transports/mqtt-link.ts";
import { payloadForm, type PayloadKind } from "../../src/transports/mqtt-payloads.ts";
import { MqttTransport } from "../../src/transports/mqtt.ts";
import { SerialTransport } from "../../src/transports/serial.ts";
import { TcpTransport } from "../../src/transports/tcp-client.ts";
import { patient, Patience } from "../../src/transports/patience.ts";
import type { CallerTransport } from "../../src/transports/tcp-caller.ts";
import { TcpServer } from "../../src/transports/tcp-server.ts";
import type { Transport } from "../../src/transports/transport.ts";
import { openPtyPair } from "../transports/pty-pair.ts";

export interface Wire {
  /** A new near end, not opened. */
  transport(): Transport;
  /** Everything the far end has heard, in order. */
  heard(): Uint8Array;
  answer(bytes: Uint8Array): void;
  /** The far end goes away without a word. */
  vanish(): Promise<void>;
  /** And comes back, so that a new near end can be opened. */
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

export interface WireKind {
  readonly name: string;
  /** Why it cannot run here; null when it can. */
  readonly missing: string | null;
  start(): Promise<Wire>;
}

const has = (program: string): boolean => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;

/** Collects what the far end hears. */
class Ear {
  #bytes: number[] = [];
  readonly hear = (bytes: Uint8Array): void => void this.#bytes.push(...bytes);
  all = (): Uint8Array => Uint8Array.from(this.#bytes);
}

const serialSettings = { baudRate: 9600, dataBits: 8, parity: "even", stopBits: 1 } as const;

async function ptyWire(): Promise<Wire> {
  const ear = new Ear();
  let pair = openPtyPair();
  pair.onReceived(ear.hear);
  return Promise.resolve({
    transport: () => new SerialTransport({ path: pair.path, ...serialSettings }),
    heard: ear.all,
    answer: (bytes) => pair.send(bytes),
    vanish: async () => {
      pair.vanish();
      return Promise.resolve();
    },
    comeBack: async () => {
      pair = openPtyPair();
      pair.onReceived(ear.hear);
      return Promise.resolve();
    },
    close: async () => {
      pair.vanish();
      return Promise.resolve();
    },
  });
}

async function socatWire(): Promise<Wire> {
  const folder = mkdtempSync(join(tmpdir(), "wire-"));
  const [near, far] = [join(folder, "near"), join(folder, "far")];
  const ear = new Ear();
  const begin = async () => {
    const child = spawn("socat", ["-d", "-d", `pty,raw,echo=0,link=${near}`, `pty,raw,echo=0,link=${far}`], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (text: Buffer) => (said += text.toString()));
    await vi.waitFor(() => {
      if (!said.includes("starting data transfer loop")) throw new Error(`socat: ${said}`);
    }, 5_000);
    const port = new SerialPort({ path: far, ...serialSettings, autoOpen: false });
    port.on("error", () => undefined);
    port.on("data", ear.hear);
    await new Promise<void>((resolve, reject) => port.open((error) => (error === null ? resolve() : reject(error))));
    const end = async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
      if (port.isOpen) await new Promise<void>((resolve) => port.close(() => resolve()));
      rmSync(near, { force: true });
      rmSync(far, { force: true });
    };
    return { port, end };
  };
  let socat: Awaited<ReturnType<typeof begin>> | undefined = await begin();
  const vanish = async () => {
    await socat?.end();
    socat = undefined;
  };
  return {
    transport: () => new SerialTransport({ path: near, ...serialSettings }),
    heard: ear.all,
    answer: (bytes) => void socat?.port.write(bytes),
    vanish,
    comeBack: async () => void (socat = await begin()),
    close: async () => {
      await vanish();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function tcpWire(): Promise<Wire> {
  const ear = new Ear();
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("data", ear.hear);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const vanish = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.resetAndDestroy();
    await closed;
  };
  return {
    transport: () =>
      patient(new TcpTransport({ host: "127.0.0.1", port }, systemClock), new Patience(() => "", 1_000), systemClock),
    heard: ear.all,
    answer: (bytes) => {
      for (const socket of sockets) socket.write(bytes);
    },
    vanish,
    comeBack: () => listen(port),
    close: async () => (server.listening ? vanish() : undefined),
  };
}

/** The far end dials, and dials again as long as it is there; a near end is whoever calls next. */
async function tcpServerWire(): Promise<Wire> {
  const ear = new Ear();
  const sockets = new Set<Socket>();
  const waiting: CallerTransport[] = [];
  let isThere = true;
  const server = new TcpServer(
    { host: "127.0.0.1", port: 0, onCaller: (caller) => waiting.push(caller) },
    { clock: systemClock, chance: systemChance, log: silentLog },
  );
  await server.start();
  const port = Number(server.name.split(":").at(-1));
  const dial = (): void => {
    if (!isThere) return;
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    sockets.add(socket);
    socket.on("data", ear.hear);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      sockets.delete(socket);
      dial();
    });
  };
  const vanish = (): Promise<void> => {
    isThere = false;
    for (const socket of sockets) socket.resetAndDestroy();
    return Promise.resolve();
  };
  dial();
  return {
    transport: () => new NextCaller(() => waiting.shift()),
    heard: ear.all,
    answer: (bytes) => {
      for (const socket of sockets) socket.write(bytes);
    },
    vanish,
    comeBack: () => {
      isThere = true;
      dial();
      return Promise.resolve();
    },
    close: async () => {
      await vanish();
      await server.close();
    },
  };
}

/** The transport of whoever calls next. Only for this suite: the gateway never waits for a caller. */
class NextCaller implements Transport {
  readonly name = "tcp-caller:next";
  readonly #next: () => CallerTransport | undefined;
  readonly #listeners = new Listeners();
  #caller: CallerTransport | undefined;

  constructor(next: () => CallerTransport | undefined) {
    this.#next = next;
  }
  get isOpen(): boolean {
    return this.#caller?.isOpen === true;
  }
  async open(): Promise<void> {
    if (this.#caller !== undefined || this.#listeners.why !== null) throw new Error("opened once only");
    for (let tries = 0; tries < 100; tries += 1) {
      const caller = this.#next();
      // One that hung up while it waited is dead, and says so.
      if (
        caller !== undefined &&
        (await caller.open().then(
          () => true,
          () => false,
        ))
      ) {
        this.#caller = caller;
        caller.onReceived((bytes) => this.#listeners.received(bytes));
        caller.onClosed((why) => this.#listeners.closed(why));
        return;
      }
      await systemClock.wait(5);
    }
    throw new Fault("line-down", { transport: this.name, why: "nobody calls" });
  }
  send(bytes: Uint8Array): Promise<void> {
    return (
      this.#caller?.send(bytes) ?? Promise.reject(new Fault("line-down", { transport: this.name, why: "nobody has called" }))
    );
  }
  async close(): Promise<void> {
    this.#listeners.closed("closed by us");
    await this.#caller?.close();
  }
  onReceived(listener: (bytes: Uint8Array) => void): void {
    this.#listeners.onReceived(listener);
  }
  onClosed(listener: (why: string) => void): void {
    this.#listeners.onClosed(listener);
  }
}

interface Broker {
  readonly url: string;
  kill(): Promise<void>;
}

async function embedded(port: number): Promise<Broker & { readonly port: number }> {
  const broker = await startEmbeddedBroker({ port });
  return { url: broker.url, port: broker.port, kill: () => broker.close() };
}

async function mosquitto(wanted: number): Promise<Broker & { readonly port: number }> {
  const port = wanted === 0 ? await freePort() : wanted;
  const folder = mkdtempSync(join(tmpdir(), "mosquitto-"));
  const config = join(folder, "mosquitto.conf");
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\npersistence false\n`);
  const child = spawn("mosquitto", ["-c", config], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (text: Buffer) => (said += text.toString()));
  await vi.waitFor(() => {
    if (!said.includes("running")) throw new Error(`mosquitto: ${said}`);
  }, 10_000);
  const kill = async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    if (child.exitCode === null && child.kill("SIGKILL")) await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: `mqtt://127.0.0.1:${port}`, port, kill };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

export const mqttWire =
  (raise: (port: number) => Promise<Broker & { readonly port: number }>, payload: PayloadKind = "raw") =>
  async (): Promise<Wire & { readonly url: string; readonly link: MqttLink; readonly far: () => MqttClient }> => {
    const ear = new Ear();
    const address = "202611220001";
    const form = payloadForm(payload);
    let asked = 0;
    let broker = await raise(0);
    const { port } = broker;
    const join = async () => {
      const client = await mqtt.connectAsync(broker.url, { reconnectPeriod: 0 });
      (client.stream as Socket).setNoDelay(true);
      client.on("error", () => undefined);
      client.on("message", (_topic, payload) => {
        const read = form.read(payload);
        if ("wrong" in read) throw new Error(read.wrong);
        asked = Number(read.id);
        ear.hear(read.bytes);
      });
      await client.subscribeAsync(`meters/${address}/down`, { qos: 1 });
      return client;
    };
    let far = await join();
    const link = new MqttLink(
      { url: broker.url, pauseFirstMs: 20, pauseMaxMs: 50 },
      { clock: systemClock, chance: systemChance, log: silentLog },
    );
    await link.start();
    const vanish = async () => {
      far.end(true);
      await broker.kill();
    };
    return {
      url: broker.url,
      link,
      far: () => far,
      transport: () => new MqttTransport(link, { down: "meters/{address}/down", up: "meters/{address}/up" }, address, form),
      heard: ear.all,
      answer: (bytes) => void far.publish(`meters/${address}/up`, Buffer.from(form.write(bytes, asked)), { qos: 1 }),
      vanish,
      comeBack: async () => {
        broker = await raise(port);
        far = await join();
        await vi.waitFor(() => {
          if (!link.isConnected) throw new Error("the link is not back");
        }, 10_000);
      },
      close: async () => {
        await link.close();
        await vanish();
      },
    };
  };

async function memoryWire(): Promise<Wire> {
  const ear = new Ear();
  const wire = new MemoryWire();
  wire.far.onReceived(ear.hear);
  return Promise.resolve({
    transport: () => wire.transport(),
    heard: ear.all,
    answer: (bytes) => wire.far.send(bytes),
    vanish: async () => {
      wire.cut();
      return Promise.resolve();
    },
    comeBack: () => Promise.resolve(),
    close: () => Promise.resolve(),
  });
}

export const embeddedMqtt = mqttWire(embedded);
export const mosquittoMqtt = mqttWire(mosquitto);
export const mosquittoMissing = has("mosquitto") ? null : "mosquitto is not installed";

export const wires: readonly WireKind[] = [
  { name: "memory", missing: null, start: memoryWire },
  { name: "tcp", missing: null, start: tcpWire },
  { name: "tcp, dialled by the far end", missing: null, start: tcpServerWire },
  { name: "serial over a pseudo-terminal", missing: null, start: ptyWire },
  { name: "serial over socat", missing: has("socat") ? null : "socat is not installed", start: socatWire },
  { name: "mqtt over the embedded broker", missing: null, start: embeddedMqtt },
  { name: "mqtt in hex over the embedded broker", missing: null, start: mqttWire(embedded, "hex") },
  { name: "mqtt in json over the embedded broker", missing: null, start: mqttWire(embedded, "json") },
  { name: "mqtt over mosquitto", missing: mosquittoMissing, start: mosquittoMqtt },
];
