// node guard.ts LIFELINE COMMAND [ARGUMENT…]
//
// Runs a program and kills it when the lifeline ends. It stands in for the kernel's death signal where setpriv is missing.
import { spawn } from "node:child_process";
import { constants, openSync } from "node:fs";
import { Socket } from "node:net";

const [lifeline, command, ...args] = process.argv.slice(2);
if (!lifeline || !command) throw new Error("usage: guard.ts LIFELINE COMMAND [ARGUMENT…]");

const pipe = new Socket({ fd: openSync(lifeline, constants.O_RDONLY | constants.O_NONBLOCK), readable: true });
const child = spawn(command, args, { stdio: "inherit" });
const endChild = () => child.kill("SIGKILL");
pipe.once("close", endChild);
pipe.once("error", endChild);
pipe.resume();
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.once("error", (error) => {
  process.stderr.write(`${command} cannot be started: ${error.message}\n`);
  process.exit(127);
});
child.once("exit", (code, signal) => process.exit(code ?? (signal === "SIGTERM" ? 0 : 1)));
