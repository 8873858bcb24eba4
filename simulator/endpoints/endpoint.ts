/** How a bus is reached from outside. Whoever opens one closes it; afterwards port, link and connection are free again. */

export interface Endpoint {
  /** What people connect to: a port number, a path, a URL. */
  readonly at: number | string;
  close(): Promise<void>;
}
