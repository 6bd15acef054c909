import * as z from "zod";
import { idSchema } from "../ids.ts";
import { limits } from "./limits.ts";
import { keyEpochSchema } from "./run-key.ts";

const runId = idSchema("run");
/** Who types: chosen by the page, new for each beginning. */
const writer = z.string().regex(/^[A-Za-z0-9_-]{1,40}$/, "must be up to 40 letters, digits, - and _");
/** Made by the bridge, for one writer (PROTOCOL 13.2). */
const turn = z.string().regex(/^[A-Za-z0-9_-]{22}$/, "must be 16 bytes in base64url");

/** viewer → relay → bridge: a piece of a run's standard input (PROTOCOL 13). */
export const runInputSchema = z.strictObject({
  type: z.literal("input"),
  runId,
  writer,
  /** Counts from 1. 0 brings nothing and asks where the writer stands, and for its turn. */
  seq: z.int().min(0),
  /** The writer's turn; `null` where it only asks. */
  turn: turn.nullable(),
  /** Sealed: the relay sees how long it is and nothing else (PROTOCOL 13.6). */
  data: z.base64().max(limits.inputChunkLength),
  /** The end of the input comes after it. */
  isEnd: z.boolean(),
});
export type RunInput = z.infer<typeof runInputSchema>;

/** What a bridge says of a writer's input; relay → viewer it goes to everybody who may write to the run. */
export const inputStateSchema = z.strictObject({
  type: z.literal("inputState"),
  runId,
  writer,
  /** Everything up to this number was handed to the program. */
  through: z.int().min(0),
  /** To whom asked: the turn that the writer has or can begin with, and the epoch of the key that seals its pieces. */
  turn: z.strictObject({ id: turn, keyEpoch: keyEpochSchema }).nullable(),
  /** Why nothing further is taken from the writer, or not now. */
  code: z.string().max(64).nullable(),
  message: z.string().max(2000).nullable(),
});
export type InputState = z.infer<typeof inputStateSchema>;
