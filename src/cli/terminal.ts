/** Where the tool is typed: what it prints to, and what it hears. Tests hand in their own. */

export interface Terminal {
  out(text: string): void;
  error(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends what goes on for ever, or takes long; a real terminal's own is Ctrl-C. */
  readonly stop?: AbortSignal;
  /** One line that is drawn over again; null wipes it. Left out where nobody looks on: a pipe, a log. */
  status?(text: string | null): void;
  /** Single keys, until the function it returns is called. Left out where nobody sits at the keys. */
  onKey?(listener: (key: string) => void): () => void;
}

const WIPE = "\r\u001b[2K";

export function realTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  return {
    out: (text) => void stdout.write(`${text}\n`),
    error: (text) => void stderr.write(`${text}\n`),
    env: process.env,
    ...(stderr.isTTY ? { status: (text) => void stderr.write(`${WIPE}${(text ?? "").slice(0, stderr.columns - 1)}`) } : {}),
    ...(stdin.isTTY
      ? {
          onKey: (listener) => {
            const heard = (bytes: Buffer): void => listener(bytes.toString());
            stdin.setRawMode(true).resume().on("data", heard);
            return () => void stdin.off("data", heard).setRawMode(false).pause();
          },
        }
      : {}),
  };
}
