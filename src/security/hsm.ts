/**
 * Where the driver for a network cipher machine (密码机) will stand. None is built yet, and nothing here pretends to be one: a gateway
 * configured for it does not start, which is better than one that takes money and cannot deliver it.
 */
import { Fault } from "../kernel/faults.ts";

export function hsmModule(): never {
  throw new Fault("security-unavailable", { module: "hsm", why: "no driver for an HSM is built yet" });
}
