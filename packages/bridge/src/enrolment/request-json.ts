import * as z from "zod";
import { explainUnreachable } from "../connection/explain-unreachable.ts";
import { requestText } from "../connection/http-request.ts";
import { EnrolmentFailed, type EnrolmentFailure } from "./enrolment-failed.ts";

const timeoutMs = 15_000;
const maxBytes = 256 * 1024;

// The API may put an error at the top or under `error`; only its code and message matter here.
const errorBody = z.object({ code: z.string(), message: z.string() });
const errorSchema = z.union([errorBody, z.object({ error: errorBody }).transform(({ error }) => error)]);

const newCommand = 'Get a new command in the console under "Connect a server".';
const tokenFailures: Record<string, readonly [EnrolmentFailure, string]> = {
  TOKEN_INVALID: ["tokenInvalid", `The platform does not know this token. ${newCommand}`],
  TOKEN_EXPIRED: ["tokenExpired", `The token has expired: it is good for 15 minutes. ${newCommand}`],
  TOKEN_USED: ["tokenUsed", `The token has been used already: each one connects one server. ${newCommand}`],
};

interface RequestOptions<T> {
  readonly schema: z.ZodType<T>;
  /** Sent with POST; without it the request is a GET. */
  readonly body?: unknown;
}

/** Asks the platform something. @throws EnrolmentFailed with a sentence for the person at the terminal */
export async function requestJson<T>(url: URL, { schema, body }: RequestOptions<T>): Promise<T> {
  const json = body === undefined ? undefined : JSON.stringify(body);
  const { status, text } = await requestText(url, { timeoutMs, maxBytes, json }).catch((error: unknown) => {
    throw new EnrolmentFailed("unreachable", `${url.origin} cannot be reached: ${explainUnreachable(error)}`, {
      cause: error,
    });
  });
  const parsed = parse(text);
  if (status >= 200 && status < 300) {
    const answer = schema.safeParse(parsed);
    if (answer.success) return answer.data;
    throw new EnrolmentFailed(
      "refused",
      `${url.origin} answers, but not like a Quarterdeck platform. Check the address.`,
    );
  }
  const problem = errorSchema.safeParse(parsed).data;
  const known = problem && tokenFailures[problem.code];
  if (known) throw new EnrolmentFailed(...known);
  throw new EnrolmentFailed(
    "refused",
    `The platform refused: ${problem?.message.slice(0, 500) ?? `it answered ${status}`}.`,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Not JSON: whatever answers there is not the platform.
  }
}
