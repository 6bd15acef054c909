// Opens a sandbox as whoever runs it, has two workspaces look at each other, and prints what came of it as one line of JSON.
import { once } from "node:events";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { startCall, TestSandbox } from "../sandboxed-program.ts";

const test = await TestSandbox.open();
const { isolation, facts } = test.sandbox;
const [first, second] = [test.workspace(), test.workspace()];
for (const { project } of [first, second]) cpSync(join(import.meta.dirname, "probe.mjs"), join(project, "probe.mjs"));
const { child, line } = await startCall(first.call(process.execPath, ["probe.mjs", "plant"]));
const seen: unknown = JSON.parse((await second.run(process.execPath, ["probe.mjs", "look", line])).output);
child.stdin?.end();
await once(child, "exit");
test[Symbol.dispose]();
process.stdout.write(`${JSON.stringify({ isolation, facts, seen })}\n`);
