/** What a part of the command line is given that asks through the gateway's own door. */
import type { Command } from "commander";
import type { ApiClient, ApiOptions } from "./api-client.ts";
import type { Terminal } from "./terminal.ts";

export interface Through {
  /** Gives a call --api and --json. */
  readonly throughGateway: (command: Command) => Command;
  readonly clientOf: (options: ApiOptions) => ApiClient;
  /** The text for people, or with --json the answer as it came. */
  readonly show: (options: ApiOptions, value: unknown, text: string) => void;
  readonly terminal: Terminal;
  /** How the call ends where it does not end well. */
  readonly end: (code: number) => void;
}
