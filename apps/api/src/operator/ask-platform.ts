import { randomBytes, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import * as z from "zod";
import { hasCode } from "../has-code.ts";
import { readInternalAddress } from "../http/internal-address.ts";
import { internalProof } from "../http/internal-proof.ts";
import { keyPath } from "../keys/key-files.ts";
import { PlatformCommandError } from "./platform-command-error.ts";

const answerMs = 120_000;
const proofMs = 5000;

export interface PlatformQuestion<T> {
  readonly path: string;
  readonly body?: unknown;
  readonly answer: z.ZodType<T>;
}

/**
 * Asks the platform that runs on a data directory, as its operator.
 *
 * @throws PlatformCommandError when it does not run, does not answer, or refuses
 */
export async function askPlatform<T>(dataDir: string, { path, body, answer }: PlatformQuestion<T>): Promise<T> {
  const start = "Start it first: npm start, or name another folder with --data.";
  const origin = await readInternalAddress(dataDir);
  if (origin === null) throw new PlatformCommandError(`No platform runs on ${dataDir}. ${start}`);
  const gone = `No platform runs on ${dataDir} any more: it ended without a word, and nothing is where it was. ${start}`;
  const operatorKey = await readOperatorKey(dataDir);
  const nonce = randomBytes(16).toString("base64url");
  const proof = await call(`${origin}/proof/${nonce}`, { timeoutMs: proofMs, gone });
  // Whoever has its port now would be sent the key.
  if (!isSame(proof.text, internalProof(operatorKey, nonce))) throw new PlatformCommandError(gone);
  const { isOk, status, text } = await call(`${origin}${path}`, { timeoutMs: answerMs, gone, operatorKey, body });
  const value = parseJson(text);
  if (isOk) return answer.parse(value);
  const problem = z.object({ message: z.string() }).safeParse(value).data;
  throw new PlatformCommandError(problem?.message ?? `The platform answered ${status}.`);
}

async function readOperatorKey(dataDir: string): Promise<string> {
  const schema = z.object({ operatorKey: z.string() });
  return schema.parse(JSON.parse(await readFile(keyPath(dataDir, "operator"), "utf8"))).operatorKey;
}

interface Call {
  readonly timeoutMs: number;
  /** What to say when nobody listens there. */
  readonly gone: string;
  readonly operatorKey?: string;
  readonly body?: unknown;
}

async function call(url: string, { timeoutMs, gone, operatorKey, body }: Call) {
  try {
    const response = await fetch(url, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        "content-type": "application/json",
        ...(operatorKey === undefined ? {} : { authorization: `Bearer ${operatorKey}` }),
      },
      signal: AbortSignal.timeout(timeoutMs),
      redirect: "error",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { isOk: response.ok, status: response.status, text: await response.text() };
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (hasCode(cause, "ECONNREFUSED")) throw new PlatformCommandError(gone, { cause: error });
    const doubt = body === undefined ? "" : " It may have done what it was asked for.";
    const message = `The platform does not answer.${doubt} Look at its log, or start it again: npm start`;
    throw new PlatformCommandError(message, { cause: error });
  }
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Not of any shape: the schema refuses it.
  }
}
