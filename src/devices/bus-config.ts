/** What the site file says about a bus, as the lines take it. */

export type BusTransport =
  | {
      readonly kind: "serial";
      readonly path: string;
      readonly baudRate: number;
      readonly dataBits: 7 | 8;
      readonly parity: "none" | "even" | "odd";
      readonly stopBits: 1 | 2;
    }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "tcp-server"; readonly port: number }
  /** Topic templates; `{address}` stands for the meter's twelve digits. */
  | { readonly kind: "mqtt"; readonly down: string; readonly up: string; readonly payload: "raw" | "hex" | "json" };

export interface BusConfig {
  readonly id: string;
  readonly transport: BusTransport;
  /** After a reply, before the next request. */
  readonly turnaroundMs?: number | undefined;
  /** What the meter and whatever lies between add to the wire's own time, until a request counts as unanswered. */
  readonly replyDeadlineMs?: number | undefined;
  /** After silence: how long what is heard is a late reply that belongs to no one. */
  readonly quietMs?: number | undefined;
}
