import type * as z from "zod";

// The module of the API that keeps keys in files, with files that outlive API processes and need no disk.

const files = new Map<string, unknown>();

export async function readOrCreate<T>(path: string, schema: z.ZodType<T>, create: () => Promise<T>): Promise<T> {
  if (!files.has(path)) files.set(path, await create());
  return schema.parse(files.get(path));
}

export async function replace(path: string, value: unknown): Promise<void> {
  files.set(path, structuredClone(value));
}

export function keyPath(dataDir: string, name: string): string {
  return `${dataDir}/${name}`;
}

/** A scenario begins in this data directory: nothing is there. */
export function forgetKeys(dataDir: string): void {
  for (const path of files.keys()) if (path.startsWith(`${dataDir}/`)) files.delete(path);
}
