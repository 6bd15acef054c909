import * as z from "zod";
import { accept, refuse, type Result } from "../errors/result.ts";
import { limits } from "./limits.ts";

const encoder = new TextEncoder();

/** How deep arrays and objects are nested in a JSON text, without parsing it. */
function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isInString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isInString) {
      if (code === 0x5c) i++;
      else if (code === 0x22) isInString = false;
    } else if (code === 0x22) isInString = true;
    else if (code === 0x7b || code === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (code === 0x7d || code === 0x5d) depth--;
  }
  return deepest;
}

/** Whether a text takes more than `maxBytes` bytes of UTF-8; encodes it only when its length leaves a doubt. */
function isLargerThan(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return true;
  return text.length * 3 > maxBytes && encoder.encode(text).length > maxBytes;
}

/**
 * Reads one text frame: checks its size and nesting before it is parsed, then its shape.
 *
 * @returns the frame, or `TOO_LARGE` or `PROTOCOL_VIOLATION`
 */
export function decodeFrame<T>(schema: z.ZodType<T>, text: string): Result<T> {
  if (isLargerThan(text, limits.frameBytes)) return refuse("TOO_LARGE", `A frame may have ${limits.frameBytes} bytes.`);
  if (nesting(text) > limits.frameDepth)
    return refuse("PROTOCOL_VIOLATION", `A frame may be ${limits.frameDepth} levels deep.`);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return refuse("PROTOCOL_VIOLATION", "The frame is not JSON.");
  }
  const parsed = schema.safeParse(body);
  if (!parsed.success)
    return refuse("PROTOCOL_VIOLATION", `The frame is malformed: ${z.prettifyError(parsed.error).slice(0, 500)}`);
  return accept(parsed.data);
}

/** Writes one text frame. Throws when it is larger than a frame may be: the sender must split before. */
export function encodeFrame(frame: { readonly type: string }): string {
  const text = JSON.stringify(frame);
  if (isLargerThan(text, limits.frameBytes))
    throw new RangeError(`a ${frame.type} frame is larger than ${limits.frameBytes} bytes`);
  return text;
}
