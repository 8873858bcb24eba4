/** What a street is built from: buses and meters as plain data, the same from the command line, a scenario file and a test. */
import type { MeterHabits } from "./habits.ts";
import type { KeyState, MeterMode, MeterModel, PlainControl } from "./models.ts";

/** Kilowatt-hours as text, two decimals; prices as text, four. */
export interface StepsPlan {
  readonly thresholds: readonly string[];
  /** One more than thresholds; added to the tariff's price. */
  readonly prices: readonly string[];
  /** "MM-DD" or "MM-DDThh": when the year's count begins anew. Left out: every month, on the first settlement day. */
  readonly yearly?: readonly string[] | undefined;
}

export interface TariffTablesPlan {
  /** Slot tables 1 to 8, each a list of times and the tariff (1 to 4) that begins then. */
  readonly tables?: readonly (readonly { readonly at: string; readonly tariff: number }[])[] | undefined;
  /** "MM-DD" and the slot table that runs from then on. */
  readonly zones?: readonly { readonly from: string; readonly table: number }[] | undefined;
  /** Of tariffs 1 to 4, yuan per kWh. */
  readonly prices?: readonly string[] | undefined;
  readonly steps?: StepsPlan | undefined;
}

/** Left out, a meter has one flat price (`price`). */
export interface TariffPlan extends TariffTablesPlan {
  /** The second set, and when it takes over by the meter's clock: "2026-12-01T00:00". */
  readonly next?: (TariffTablesPlan & { readonly at: string }) | undefined;
}

export interface MeterPlan extends MeterHabits {
  readonly address: string;
  /** Id of the bus it hangs on. */
  readonly bus: string;
  readonly model?: MeterModel | undefined;
  readonly mode?: MeterMode | undefined;
  /** Yuan; below zero is an overdraft. */
  readonly balance?: string | undefined;
  /** Yuan per kWh, four decimals. */
  readonly price?: string | undefined;
  readonly purchaseCount?: number | undefined;
  readonly meterNumber?: string | undefined;
  readonly customerNumber?: string | undefined;
  readonly keyState?: KeyState | undefined;
  /** false: no account yet (word 3 bit 14), waits for 070101FF. */
  readonly opened?: boolean | undefined;
  readonly clockOffsetMs?: number | undefined;
  /** Millionths by which its clock runs too fast, below zero too slow. */
  readonly clockDriftPpm?: number | undefined;
  readonly phases?: 1 | 3 | undefined;
  /** A steady load instead of the household's own. */
  readonly loadKw?: number | undefined;
  /** Of the steady load, 0.1 to 1; a household's own varies. */
  readonly powerFactor?: number | undefined;
  /** Peak of solar cells on the roof: at noon the flow may turn round. */
  readonly solarKw?: number | undefined;
  readonly tariff?: TariffPlan | undefined;
  /** Up to three days of the month as DDhh; left out, the first at midnight. */
  readonly settlementDays?: readonly string[] | undefined;
  /** Yuan; an alarm while the balance is below. */
  readonly alarm1?: string | undefined;
  readonly alarm2?: string | undefined;
  /** Falling below alarm 2 trips once; the button restores. */
  readonly alarm2Trips?: boolean | undefined;
  /** Where the register starts; left out, chance decides. */
  readonly energyKwh?: string | undefined;
  /** Whether a plain 1CH with the right password is obeyed under production keys; "restores": 1B and 1C only. */
  readonly plainControl?: PlainControl | undefined;
  /** By level, six digits: {"02": "000000"}. */
  readonly passwords?: Readonly<Record<string, string>> | undefined;
  readonly overdraftLimit?: string | undefined;
  readonly hoardingLimit?: string | undefined;
  readonly tripDelayMinutes?: number | undefined;
}

export type MqttPayload = "raw" | "hex" | "json";

/** The street calls the gateway, as a concentrator or a modem does. */
export interface DialInPlan {
  readonly kind: "dial-in";
  readonly host: string;
  readonly port: number;
  /** Said first on each connection; `{address}` is the bus's first meter, `{bus}` its id; `hex:…` for bytes. Left out, nothing. */
  readonly registration?: string | undefined;
  /** Said again and again; as `registration`. Left out, nothing. */
  readonly heartbeat?: string | undefined;
  readonly heartbeatMs?: number | undefined;
  /** The first pause before it calls again; they grow and are jittered. */
  readonly redialMs?: number | undefined;
}

export type EndpointPlan =
  | { readonly kind: "tcp"; readonly port?: number | undefined; readonly host?: string | undefined }
  | DialInPlan
  | { readonly kind: "serial"; readonly link: string }
  | {
      readonly kind: "mqtt";
      readonly url: string;
      readonly payload?: MqttPayload | undefined;
      /** All meters behind one DTU of this name: they share its wires and its topics `dtu/{name}/down` and `dtu/{name}/up`. */
      readonly dtu?: string | undefined;
      readonly username?: string | undefined;
      readonly password?: string | undefined;
      /** How long the first connection may take before the street gives up. */
      readonly connectMs?: number | undefined;
    }
  | { readonly kind: "memory" };

export interface BusPlan {
  readonly id: string;
  readonly endpoint: EndpointPlan;
  /** Paces bytes at 11 bits each; left out, serial runs at 2400 and the others without pacing. */
  readonly baud?: number | undefined;
  /** Between the last byte of a request and the first of its reply; left out, 20 ms where bytes are paced, else none. */
  readonly answerDelayMs?: number | undefined;
  /** FE bytes before each reply; left out, 4 on serial, none elsewhere. */
  readonly wakeUps?: number | undefined;
}
