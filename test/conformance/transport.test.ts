/** What every transport promises, held over every wire there is. The traps of single libraries stand in test/transports. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { isFault } from "../../src/kernel/faults.ts";
import type { Transport } from "../../src/transports/transport.ts";
import { wires, type Wire } from "./transport-wires.ts";

const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value));
const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 });

for (const kind of wires) {
  describe.skipIf(kind.missing !== null)(`${kind.name}${kind.missing === null ? "" : ` (skipped: ${kind.missing})`}`, () => {
    let wire: Wire;
    const opened: Transport[] = [];

    beforeEach(async () => void (wire = await kind.start()));
    afterEach(async () => {
      for (const transport of opened.splice(0)) await transport.close();
      await wire.close();
    });

    const near = async () => {
      const transport = wire.transport();
      opened.push(transport);
      const heard: number[] = [];
      const closed: string[] = [];
      transport.onReceived((bytes) => void heard.push(...bytes));
      transport.onClosed((why) => void closed.push(why));
      await transport.open();
      return { transport, heard, closed };
    };

    test("carries every byte value both ways, in order", async () => {
      const { transport, heard } = await near();
      const all = Uint8Array.from({ length: 256 }, (_, value) => value);
      expect(transport.isOpen).toBe(true);
      await transport.send(all);
      await until(() => expect([...wire.heard()]).toEqual([...all]));
      wire.answer(all);
      await until(() => expect(heard).toEqual([...all]));
    });

    test("many small writes arrive in the order in which they were given", async () => {
      const { transport } = await near();
      const pieces = Array.from({ length: 50 }, (_, n) => `<${n}>`);
      for (const piece of pieces) await transport.send(text(piece));
      await until(() => expect(Buffer.from(wire.heard()).toString()).toBe(pieces.join("")));
    });

    test("refuses to send before it is open, while nothing leaves", async () => {
      const transport = wire.transport();
      expect(transport.isOpen).toBe(false);
      await expect(transport.send(text("early"))).rejects.toSatisfy((error) => isFault(error, "line-down"));
      const { transport: next } = await near();
      await next.send(text("now"));
      await until(() => expect(Buffer.from(wire.heard()).toString()).toBe("now"));
    });

    test("nothing given to a closed transport is ever sent, not even after a new one was opened", async () => {
      const { transport } = await near();
      await transport.send(text("one."));
      await until(() => expect(Buffer.from(wire.heard()).toString()).toBe("one."));
      await transport.close();
      await expect(transport.send(text("STALE"))).rejects.toSatisfy((error) => isFault(error, "line-down"));
      const { transport: next } = await near();
      await next.send(text("two."));
      await until(() => expect(Buffer.from(wire.heard()).toString()).toBe("one.two."));
    });

    test("closing is announced once, and closing twice is closing once", async () => {
      const { transport, closed } = await near();
      await Promise.all([transport.close(), transport.close()]);
      await transport.close();
      expect(closed).toHaveLength(1);
      expect(transport.isOpen).toBe(false);
      const late: string[] = [];
      transport.onClosed((why) => late.push(why));
      expect(late).toEqual(closed);
    });

    test("a far end that vanished is noticed at the next write at the latest, once, and what is sent then never arrives", async () => {
      const { transport, closed, heard } = await near();
      await wire.vanish();
      await until(() => {
        // A write into the void may succeed: only an answer proves arrival. Sooner or later the port closes.
        void transport.send(text("STALE")).catch(() => undefined);
        expect(closed).toHaveLength(1);
      });
      expect(transport.isOpen).toBe(false);
      await expect(transport.send(text("STALE"))).rejects.toSatisfy((error) => isFault(error, "line-down"));
      await wire.comeBack();
      const { transport: next } = await near();
      await next.send(text("fresh"));
      await until(() => expect(Buffer.from(wire.heard()).toString()).toBe("fresh"));
      expect(closed).toHaveLength(1);
      expect(heard).toEqual([]);
    });

    test("a write that meets its end halfway does not hang", async () => {
      const { transport } = await near();
      const writing = Array.from({ length: 20 }, () => transport.send(new Uint8Array(200)).catch((error: unknown) => error));
      await wire.vanish();
      for (const outcome of await Promise.all(writing)) expect(outcome === undefined || isFault(outcome, "line-down")).toBe(true);
    });

    test("a far end that is not there: opening fails with a fault that says what to do, and the object stays dead", async () => {
      const transport = wire.transport();
      await wire.vanish();
      if (kind.name.startsWith("memory")) return; // a memory wire is always there
      await expect(transport.open()).rejects.toSatisfy((error) => isFault(error) && error.message.length > 20);
      expect(transport.isOpen).toBe(false);
      await transport.close();
    });
  });
}
