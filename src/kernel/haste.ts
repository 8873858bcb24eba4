/**
 * Work for which somebody waits in the dark: a payment at the counter, the order that restores a supply. What is begun inside goes along with
 * it, so no room between the door and the database has to pass it on. Where many stand in line before the books (stores/turns.ts), such work
 * goes first; it never takes all places. It is no priority on wires: lines have their own (devices/meter.ts).
 */
import { AsyncLocalStorage } from "node:async_hooks";

const hurried = new AsyncLocalStorage<true>();

export const inHaste = <T>(work: () => T): T => hurried.run(true, work);
export const isInHaste = (): boolean => hurried.getStore() === true;
