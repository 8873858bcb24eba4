/** The compose site's broker on a real Mosquitto: the same configuration and the same start, only ports and folders moved. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { connect as dial } from "node:net";
import mqtt from "mqtt";
import type { IClientOptions, MqttClient } from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { findProgram, freePort, suiteNeeding } from "../support/servers.ts";

const deploy = join(import.meta.dirname, "..", "..", "deploy");
const LOOK_AGAIN_MS = 20;
const passwords = { gateway: "of-the-gateway", street: "of-the-street" };

const listens = (port: number): Promise<boolean> =>
  new Promise((tell) => {
    const socket = dial({ port, host: "127.0.0.1" });
    socket.once("connect", () => tell(true)).once("error", () => tell(false));
    socket.once("connect", () => socket.destroy());
  });

suiteNeeding(["mosquitto"], "the compose site's broker", () => {
  let folder: string;
  let broker: ChildProcess;
  let url: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "compose-broker-"));
    const port = await freePort();
    url = `mqtt://127.0.0.1:${String(port)}`;
    mkdirSync(join(folder, "data"));
    // The broker gives up root for an account of its own, which must find its way in here.
    chmodSync(folder, 0o755);
    chmodSync(join(folder, "data"), 0o777);
    copyFileSync(join(deploy, "mosquitto-access"), join(folder, "access"));
    chmodSync(join(folder, "access"), 0o644);
    const config = readFileSync(join(deploy, "mosquitto.conf"), "utf8")
      .replace("listener 1883", `listener ${String(port)} 127.0.0.1`)
      .replace("/run/mosquitto/passwords", join(folder, "passwords"))
      .replace("/mosquitto/config/access", join(folder, "access"))
      .replace("/mosquitto/data/", `${join(folder, "data")}/`);
    writeFileSync(join(folder, "mosquitto.conf"), config);
    broker = spawn("/bin/sh", [join(deploy, "mosquitto-start.sh")], {
      env: {
        PATH: `${dirname(findProgram("mosquitto")!)}:${process.env["PATH"] ?? ""}`,
        MOSQUITTO_CONFIG: join(folder, "mosquitto.conf"),
        MQTT_GATEWAY_PASSWORD: passwords.gateway,
        MQTT_STREET_PASSWORD: passwords.street,
      },
    });
    let said = "";
    broker.stderr?.on("data", (text: Buffer) => (said += text.toString()));
    while (!(await listens(port))) {
      if (broker.exitCode !== null) throw new Error(`the broker does not start: ${said}`);
      await systemClock.wait(LOOK_AGAIN_MS);
    }
  });
  afterAll(async () => {
    if (broker.exitCode === null) {
      broker.kill("SIGTERM");
      await once(broker, "exit");
    }
    rmSync(folder, { recursive: true, force: true });
  });

  const connect = (options: IClientOptions): Promise<MqttClient> =>
    mqtt.connectAsync(url, { reconnectPeriod: 0, ...options }, false);

  test("refuses the anonymous and the wrong password", async () => {
    await expect(connect({})).rejects.toThrow(/not authorized/i);
    await expect(connect({ username: "gateway", password: "guessed" })).rejects.toThrow(/not authorized/i);
    expect(readFileSync(join(folder, "passwords"), "utf8")).not.toContain(passwords.gateway);
  });

  test("carries frames between gateway and street, and keeps the street out of the gateway's topics", async () => {
    const gateway = await connect({ username: "gateway", password: passwords.gateway });
    const street = await connect({ username: "street", password: passwords.street });
    const heard: string[] = [];
    gateway.on("message", (topic) => heard.push(topic));
    await gateway.subscribeAsync(["meters/+/up", "fee-control/#"], { qos: 1 });
    await street.publishAsync("fee-control/site/meter/202611220001/order", "{}", { qos: 1 });
    await street.publishAsync("meters/202611220001/up", Buffer.from("68", "hex"), { qos: 1 });
    await expect.poll(() => heard).toEqual(["meters/202611220001/up"]);
    await Promise.all([gateway.endAsync(), street.endAsync()]);
  });
});
