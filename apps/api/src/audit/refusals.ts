import type { ErrorCode } from "@quarterdeck/core/errors/codes";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { TRPCError } from "@trpc/server";
import type { Context } from "../context.ts";
import type { Declaration } from "../trpc.ts";
import { recordRefused } from "./refusal-tally.ts";

/** Of what only reads, the refusals that may be an attempt at what is not one's own. */
const recordedOfReads: ReadonlySet<ErrorCode> = new Set(["FORBIDDEN", "NOT_FOUND", "ADDRESS_REFUSED"]);
/** A failure of ours, and what services record themselves, because they know whom it was about. */
const notRecorded: ReadonlySet<ErrorCode> = new Set(["INTERNAL", "WRONG_CREDENTIALS"]);

interface Attempt {
  /** The scope of the procedure. What is tried on the platform's own concerns no org. */
  readonly declared: Declaration["scope"] | undefined;
  readonly path: string;
  readonly type: "query" | "mutation" | "subscription";
  readonly getRawInput: () => Promise<unknown>;
  readonly error: TRPCError;
}

/**
 * Records that somebody was refused something: of what would have changed something always, whoever asked. The same again within
 * an hour is counted.
 */
export async function recordRefusal(
  { runtime, account, caller, address }: Pick<Context, "runtime" | "account" | "caller" | "address">,
  { declared, path, type, getRawInput, error }: Attempt,
): Promise<void> {
  const code = codeOf(error);
  if (code === null || notRecorded.has(code)) return;
  const isRecorded = type === "mutation" || ((caller !== null || declared === "operator") && recordedOfReads.has(code));
  if (!isRecorded) return;
  const input = await getRawInput().catch(() => null); // Not even readable: it names nothing.
  await runtime.writer.commit(
    recordRefused(runtime, {
      orgId: declared === "operator" ? null : (caller?.orgId ?? null),
      actor: account?.userId ?? "anonymous",
      address,
      action: path,
      subject: firstId(input),
      detail: code,
    }),
  );
}

function codeOf({ cause, code }: TRPCError): ErrorCode | null {
  if (cause instanceof QuarterdeckError) return cause.code;
  return code === "BAD_REQUEST" ? "BAD_REQUEST" : null;
}

/** What an attempt was about, as far as its input names something: the first id in it. */
function firstId(input: unknown): string | null {
  if (typeof input !== "object" || input === null) return null;
  const isId = (value: unknown) => typeof value === "string" && /^[a-z]{2,6}_[0-9a-z]{26}$/.test(value);
  const found = Object.values(input).find(isId) as string | undefined;
  return found ?? null;
}
