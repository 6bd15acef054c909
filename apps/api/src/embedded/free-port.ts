import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Below the ports that the kernel gives to connections, so that none of them takes it before its program listens. */
const ownPorts = { from: 15_000, to: 32_000 };
const mostAttempts = 100;

/** A port on loopback that nobody listens on now. */
export async function findFreePort(): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await listenOnce("127.0.0.1", randomInt(ownPorts.from, ownPorts.to));
    } catch (error) {
      if (attempt === mostAttempts) throw error;
    }
  }
}

/** Throws the system's error (EADDRINUSE, EACCES, EADDRNOTAVAIL) when this address cannot be listened on. */
export async function checkPortIsFree(host: string, port: number): Promise<void> {
  await listenOnce(host, port);
}

async function listenOnce(host: string, port: number): Promise<number> {
  const server = createServer();
  server.listen({ host, port, exclusive: true });
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}
