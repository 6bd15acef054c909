// The process beside each run: it outlives the bridge, so a run does too. `wrapper.mjs DIRECTORY` waits for runs
// on its standard input and runs one after the other, because starting Node takes longer than most programs run. It
// takes the next one only when the result of the last is on the disk, and none after the bridge has gone.
import { readFileSync } from "node:fs";
import { RunDirectory } from "./data-directory.ts";
import { OutputPipes } from "./wrapper/output-pipe.ts";
import { runProgram } from "./wrapper/run-program.ts";
import { runEnded, runRequests } from "./wrapper/run-requests.ts";
import type { WrapperSpec } from "./wrapper/wrapper-spec.ts";

const name = "quarterdeck-run";
const [pipeDirectory = ""] = process.argv.slice(2);
const pipes = new OutputPipes(pipeDirectory);
pipes.refill();
process.stdout.on("error", () => undefined); // The bridge is gone; the end of the input says so too.
process.stdin.on("error", () => process.stdin.destroy());
for await (const { path, secretInput } of runRequests(process.stdin)) {
  process.title = `${name} ${path}`;
  const run = new RunDirectory(path);
  const spec = JSON.parse(readFileSync(run.spec, "utf8")) as WrapperSpec;
  await runProgram(run, { ...spec, secretInput }, pipes.take());
  process.title = name;
  process.stdout.write(runEnded);
  pipes.refill();
}
process.exit();
