import { randomBytes } from "node:crypto";
import { link, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type * as z from "zod";
import { hasCode } from "../has-code.ts";

/** Writes a file that only its owner may read, so that it is there whole or not at all. */
async function writeBeside(path: string, text: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const staging = `${path}.${randomBytes(6).toString("hex")}`;
  const file = await open(staging, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  return staging;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Reads a key file, or makes it. Two processes that make it at once end up with the same one. */
export async function readOrCreate<T>(path: string, schema: z.ZodType<T>, create: () => Promise<T>): Promise<T> {
  const existing = await readIfThere(path);
  if (existing === undefined) {
    const staging = await writeBeside(path, JSON.stringify(await create()));
    try {
      await link(staging, path);
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error; // Somebody else was faster: theirs counts.
    }
    await rm(staging);
    await syncFolder(path);
  }
  return parse(path, schema, existing ?? (await readFile(path, "utf8")));
}

/** Replaces a key file in one step. */
export async function replace(path: string, value: unknown): Promise<void> {
  await rename(await writeBeside(path, JSON.stringify(value)), path);
  await syncFolder(path);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function parse<T>(path: string, schema: z.ZodType<T>, text: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(
      `The key file ${path} is damaged: it is not JSON. Restore it from a backup; a new key would disconnect every server.`,
    );
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const fields = parsed.error.issues.map((issue) => issue.path.join(".")).join(", ");
    throw new Error(
      `The key file ${path} is damaged (${fields}). Restore it from a backup; a new key would disconnect every server.`,
    );
  }
  return parsed.data;
}

/** Where the platform's keys are, below its data directory. */
export function keyPath(dataDir: string, name: "platform" | "relay" | "service" | "operator" | "master"): string {
  return join(dataDir, "keys", `${name}.json`);
}
