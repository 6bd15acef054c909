// The process beside each run: it outlives the bridge, so a run does too. `wrapper.mjs RUN_DIRECTORY` runs that run;
// `wrapper.mjs spare DIRECTORY` waits for the path of one on its standard input, so that starting it takes no time.
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { RunDirectory } from "./data-directory.ts";
import { makeOutputPipe } from "./wrapper/output-pipe.ts";
import { runProgram } from "./wrapper/run-program.ts";
import type { WrapperSpec } from "./wrapper/wrapper-spec.ts";

const alreadyStarted = 3;

function waitForRun(): Promise<string | undefined> {
  return new Promise((resolve) => {
    let line = "";
    process.stdin.setEncoding("utf8");
    process.stdin.on("data", (text: string) => {
      line += text;
      if (line.includes("\n")) resolve(line.slice(0, line.indexOf("\n")));
    });
    // The bridge is gone: nothing will come any more.
    process.stdin.once("end", () => resolve(undefined));
    process.stdin.once("error", () => resolve(undefined));
  });
}

const [first = "", second = ""] = process.argv.slice(2);
const isSpare = first === "spare";
const pipe = makeOutputPipe(isSpare ? second : dirname(dirname(first)));
const path = isSpare ? await waitForRun() : first;
if (path !== undefined) {
  if (isSpare) {
    process.stdin.destroy();
    process.title = `quarterdeck-run ${path}`;
  }
  const run = new RunDirectory(path);
  const spec = JSON.parse(readFileSync(run.spec, "utf8")) as WrapperSpec;
  if (!(await runProgram(run, spec, pipe))) process.exitCode = alreadyStarted;
}
process.exit();
