import * as z from "zod";
import { accept, refuse, type Result } from "../errors/result.ts";
import { limits } from "./limits.ts";

const encoder = new TextEncoder();

/** How deep arrays and objects are nested in a JSON text, and how many members its objects have, without parsing it. */
function shapeOf(text: string): { readonly deepest: number; readonly members: number } {
  let depth = 0;
  let deepest = 0;
  let members = 0;
  let isInString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isInString) {
      if (code === 0x5c) i++;
      else if (code === 0x22) isInString = false;
    } else if (code === 0x22) isInString = true;
    else if (code === 0x7b || code === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (code === 0x7d || code === 0x5d) depth--;
    else if (code === 0x3a) members++;
  }
  return { deepest, members };
}

/** How many members the objects in a parsed text have; the text has more where a name stands twice in an object. */
function countMembers(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const values: unknown[] = Array.isArray(value) ? value : Object.values(value);
  let members = Array.isArray(value) ? 0 : values.length;
  for (const member of values) members += countMembers(member);
  return members;
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
  const { deepest, members } = shapeOf(text);
  if (deepest > limits.frameDepth)
    return refuse("PROTOCOL_VIOLATION", `A frame may be ${limits.frameDepth} levels deep.`);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return refuse("PROTOCOL_VIOLATION", "The frame is not JSON.");
  }
  // Which of the two counts is for each reader to decide, so there must not be two.
  if (countMembers(body) !== members) return refuse("PROTOCOL_VIOLATION", "The frame has a field twice.");
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
