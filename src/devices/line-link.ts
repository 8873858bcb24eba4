/** What the line speaks through; `Reconnecting` of the transports fulfils it. */
export interface LineLink {
  readonly name: string;
  readonly isOpen: boolean;
  readonly why: string | null;
  start(): Promise<void>;
  send(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
  onReceived(listener: (bytes: Uint8Array) => void): void;
  onDropped(listener: (why: string) => void): void;
}
