/**
 * What carries bytes. A transport knows nothing of frames, meters or retries, and keeps nothing for later.
 *
 * The promises, which the conformance suite holds every transport to:
 * - `send` resolves when the bytes were handed to the wire, and rejects with `line-down` when the transport is not open.
 *   Nothing given to a closed transport is ever sent: an order that arrives late does harm.
 * - After `closed` a transport is dead; whoever wants to go on makes a new one. `closed` is announced exactly once.
 * - Received bytes come in order and in pieces of any size.
 */
export interface Transport {
  /** For logs and people: "serial:/dev/ttyUSB0", "tcp:10.0.0.7:2404", "mqtt:meters/202611220001". */
  readonly name: string;
  readonly isOpen: boolean;
  /** Resolves when bytes can be sent; rejects with a Fault that says what to do next. Called once. */
  open(): Promise<void>;
  send(bytes: Uint8Array): Promise<void>;
  /** Ends it. Idempotent; resolves when the resource is free again. */
  close(): Promise<void>;
  onReceived(listener: (bytes: Uint8Array) => void): void;
  onClosed(listener: (why: string) => void): void;
}
