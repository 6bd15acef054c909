/**
 * The paths of runs that the bridge asks for, one a line. It ends when the bridge is gone, since nothing will come any more;
 * a run that goes on is none of its business.
 */
export async function* runRequests(input: NodeJS.ReadStream): AsyncGenerator<string> {
  let rest = "";
  input.setEncoding("utf8");
  for await (const text of input as AsyncIterable<string>) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/** What a wrapper says when a run has ended and it can take the next. */
export const runEnded = "ended\n";
