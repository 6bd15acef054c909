import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from "node:fs";

/** Appends a text to a file, or nothing of it: what a full disk cut off is taken back. It is not fsynced. */
export function appendWhole(path: string, text: string): void {
  const descriptor = openSync(path, "a", 0o600);
  try {
    const before = fstatSync(descriptor).size;
    const bytes = Buffer.from(text);
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
    } catch (error) {
      ftruncateSync(descriptor, before);
      throw error;
    }
  } finally {
    closeSync(descriptor);
  }
}
