/** `meterctl receipt`: fetches a receipt from the gateway; verifies and shows one without gateway, network or database. */
import { readFileSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import { canonical, plain, type Plain } from "../kernel/canonical.ts";
import { reasonOf } from "../kernel/faults.ts";
import { publicKeysOf, type PublicKey } from "../receipts/keys.ts";
import { printReceipt } from "../receipts/print.ts";
import { FORM, fieldsOf, verified } from "../receipts/sign.ts";
import { apiOption, type ApiClient } from "./api-client.ts";
import { languageOf } from "./decode.ts";
import { Exit, Failed, WrongUse } from "./exits.ts";
import type { Terminal } from "./terminal.ts";

interface FetchOptions {
  readonly api?: string;
  readonly out?: string;
  readonly payment?: boolean;
}

export function receiptCommands(
  program: Command,
  terminal: Terminal,
  end: (code: number) => void,
  clientOf: (options: { readonly api?: string }) => ApiClient,
): void {
  const receipt = program
    .command("receipt")
    .description("a signed receipt of a command or a payment; verify and show work offline · 凭证")
    .argument("<id>", "the command's id; with --payment the payment's")
    .option(...apiOption)
    .option("--payment", "the id is a payment's")
    .option("--out <file>", "write it to a new file instead of the terminal")
    .action(async (id: string, options: FetchOptions) => {
      const answer = await clientOf(options).get(
        `/v1/${options.payment === true ? "payments" : "commands"}/${encodeURIComponent(id)}/receipt`,
      );
      const text = canonical(plain(answer)); // one writing only, so these are the signed bytes
      if (options.out === undefined) terminal.out(text);
      else {
        writeNew(options.out, `${text}\n`);
        terminal.out(`receipt written to ${options.out}`);
      }
    });

  receipt
    .command("verify")
    .description("is every byte as it was signed? · 验证")
    .argument("<file>", "the receipt")
    .requiredOption("--key <file>", "the public key: PEM, or the answer of GET /v1/receipts/key")
    .option("--json", "JSON alone")
    .action((file: string, options: { key: string; json?: boolean }) => {
      const verdict = verified(read(file), keysOf(options.key));
      if (options.json === true)
        terminal.out(
          JSON.stringify(
            verdict.valid ? { valid: true, key: verdict.key } : { valid: false, why: verdict.why, say: verdict.say },
            null,
            2,
          ),
        );
      else terminal.out(verdict.valid ? `OK  signed with key ${verdict.key}` : `NOT VALID  ${verdict.say}`);
      if (!verdict.valid) end(Exit.failed);
    });

  receipt
    .command("show")
    .description("print a receipt for people · 打印")
    .argument("<file>", "the receipt")
    .option("--lang <language>", "en or zh (default: what the terminal speaks) · 语言")
    .action((file: string, options: { lang?: string }) =>
      terminal.out(printReceipt(documentOf(read(file), file), languageOf(options.lang, terminal.env))),
    );
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new WrongUse(`Cannot read ${file}: ${reasonOf(error)}`);
  }
}

function writeNew(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: "wx" });
  } catch (error) {
    throw new Failed(`Cannot write ${file}: ${reasonOf(error)}`);
  }
}

function keysOf(file: string): readonly PublicKey[] {
  let keys: readonly PublicKey[];
  try {
    keys = publicKeysOf(read(file));
  } catch (error) {
    throw new WrongUse(`${file}: ${reasonOf(error)}`);
  }
  if (keys.length === 0) throw new WrongUse(`${file} holds no public key; GET /v1/receipts/key answers it.`);
  return keys;
}

function documentOf(text: string, file: string): { readonly [name: string]: Plain } {
  try {
    const document = fieldsOf(plain(JSON.parse(text)));
    if (document?.["form"] === FORM) return document;
  } catch {
    // told below
  }
  throw new Failed(`${file} is no receipt of the form ${FORM}.`);
}
