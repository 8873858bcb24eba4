/** Calls of an import: many in a row, each of which may be made again, to a gateway that may be away for a while. */
import { seconds, type Clock } from "../../kernel/clock.ts";
import type { ApiClient, Json } from "../api-client.ts";
import { Failed, NoConnection } from "../exits.ts";
import type { Pacer } from "./pacer.ts";

/** A gateway that is being restarted is waited for. */
const GATEWAY_AWAY_MS_MAX = seconds(120);
const CALL_AGAIN_MS = seconds(1);

export interface CallParts {
  readonly api: ApiClient;
  readonly clock: Clock;
  readonly pacer: Pacer;
}

/** Calls until the gateway answers; every call here may be made twice. */
export async function patiently<A extends Json>(parts: CallParts, path: string, body: Json): Promise<A> {
  const { api, clock, pacer } = parts;
  let awaySince: number | null = null;
  for (;;) {
    try {
      return (await api.post(path, body)) as A;
    } catch (error) {
      const mayPass = error instanceof NoConnection || (error instanceof Failed && error.mayPass);
      awaySince ??= clock.now();
      if (!mayPass || pacer.isStopped() || clock.now() - awaySince > GATEWAY_AWAY_MS_MAX) throw error;
      pacer.say(`${error.message} It is called again; q stops. 正在重试。`);
      await clock.wait(CALL_AGAIN_MS);
    }
  }
}

export const sayOf = (problem: Json): string => `${String(problem["detail"])} ${String(problem["titleZh"])}`;

export function* inTurns<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}
