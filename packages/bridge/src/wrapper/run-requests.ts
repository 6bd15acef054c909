import type { SecretInput } from "@quarterdeck/core/actions/secret-input";

/** What the bridge asks a wrapper to run. It goes through a pipe, so that what is secret in it is on no disk and in no list. */
export interface RunRequest {
  /** The directory of the run; the rest of what to run is in there. */
  readonly path: string;
  readonly secretInput: SecretInput;
}

export function encodeRunRequest(request: RunRequest): string {
  return `${JSON.stringify(request)}\n`;
}

/**
 * The runs that the bridge asks for, one a line. It ends when the bridge is gone, since nothing will come any more;
 * a run that goes on is none of its business.
 */
export async function* runRequests(input: NodeJS.ReadStream): AsyncGenerator<RunRequest> {
  let rest = "";
  input.setEncoding("utf8");
  for await (const text of input as AsyncIterable<string>) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line) as RunRequest;
  }
}

/** What a wrapper says when a run has ended and it can take the next. */
export const runEnded = "ended\n";
