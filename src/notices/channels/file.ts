/**
 * Notices as JSON lines in a file, for those who have a sender of their own: appended and on disk before it counts. Who reads it sees an id
 * twice after a crash, and passes over it. A line that a crash cut short is left as it is, and the next begins on a line of its own.
 */
import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { reasonOf } from "../../kernel/faults.ts";
import type { Message, NoticeChannel, Sent } from "../channel.ts";
import { messageJson, type Sender } from "../message-json.ts";

/** It holds names and numbers of people. */
const OWNER_ONLY = 0o600;
const LINE_END = 0x0a;

export function fileChannel({ name, path, ...sender }: Sender & { readonly name: string; readonly path: string }): NoticeChannel {
  let tail: Promise<unknown> = Promise.resolve();
  const append = async (message: Message): Promise<Sent> => {
    try {
      await mkdir(dirname(path), { recursive: true });
      const file = await open(path, "a+", OWNER_ONLY);
      try {
        const { size } = await file.stat();
        const last = Buffer.alloc(1);
        if (size > 0) await file.read(last, 0, 1, size - 1);
        const isTorn = size > 0 && last[0] !== LINE_END;
        await file.appendFile(`${isTorn ? "\n" : ""}${JSON.stringify(messageJson(message, sender))}\n`);
        await file.datasync();
      } finally {
        await file.close();
      }
      return { outcome: "delivered", words: "written" };
    } catch (error) {
      return { outcome: "later", words: `could not be written: ${reasonOf(error)}` };
    }
  };
  return {
    name,
    kind: "file",
    missing: () => null,
    send: (message) => {
      const written = tail.then(() => append(message)); // one line after the other
      tail = written;
      return written;
    },
    close: async () => {
      await tail;
    },
  };
}
