// The first program in the sandbox of a run that may reach only the hosts of a list. `forwarder.mjs PORT SOCKET PROGRAM ARGS…`
// passes what comes to the port on to the proxy's socket, and runs the program. It imports nothing, since nothing else of the
// bridge can be seen here.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { connect, createServer, type Socket } from "node:net";

const [port = "", socketPath = "", program = "", ...args] = process.argv.slice(2);
const againMs = 25;
const tries = 200;

/** The proxy starts beside the run and may not listen yet. */
function connectProxy(left: number, onConnection: (proxy: Socket | undefined) => void): void {
  const proxy = connect(socketPath);
  const onError = () => {
    if (left === 0) onConnection(undefined);
    else setTimeout(() => connectProxy(left - 1, onConnection), againMs);
  };
  proxy.once("error", onError);
  proxy.once("connect", () => {
    proxy.off("error", onError);
    onConnection(proxy);
  });
}

const server = createServer({ pauseOnConnect: true }, (client) => {
  client.on("error", () => client.destroy());
  connectProxy(tries, (proxy) => {
    if (!proxy) return client.destroy();
    proxy.on("error", () => client.destroy());
    proxy.once("close", () => client.destroy());
    client.once("close", () => proxy.destroy());
    client.pipe(proxy).pipe(client);
    return undefined;
  });
});
const ignored = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
// They are for the program, which gets them too.
for (const signal of ignored) process.on(signal, () => undefined);
server.listen(Number(port), "127.0.0.1", () => {
  const child = spawn(program, args, { stdio: "inherit" });
  child.once("error", (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(127);
  });
  child.once("exit", (code, signal) => process.exit(code ?? 128 + (signal ? constants.signals[signal] : 0)));
});
