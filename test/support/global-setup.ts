/** What a whole run shares. Each server a suite needs is started by that suite on a free port; see servers.ts and database.ts. */
export default function setup(): void {
  // nothing shared yet
}
