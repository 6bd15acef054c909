import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Runtime } from "../runtime.ts";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { admitToRelay } from "./admit-connection.ts";
import type { ConsoleSockets } from "./console-sockets.ts";
import { refuseUpgrade } from "./refuse-upgrade.ts";
import type { RelayPassThrough } from "./relay-pass-through.ts";

const relayPath = /^\/(bridge|viewer)\/srv_[0-9a-z]{26}$/;

/** Sends each request for a WebSocket where it belongs, after the checks that plain requests get too. */
export function handleUpgrades(
  server: Server,
  runtime: Runtime,
  { consoles, relay }: { consoles: ConsoleSockets; relay: RelayPassThrough },
): void {
  const { address, log } = runtime;
  const passOn = async (request: IncomingMessage, socket: Duplex, head: Buffer, kind: "bridge" | "viewer") => {
    if (await admitToRelay(runtime, { request, socket }, kind)) relay.handle(request, socket, head);
  };
  server.on("upgrade", (request, socket, head: Buffer) => {
    socket.on("error", () => socket.destroy()); // The peer went away: nothing to tell it.
    const { host, origin } = request.headers;
    const path = (request.url ?? "").split("?")[0] ?? "";
    if (!address.acceptsHost(host)) {
      refuseUpgrade(socket, {
        code: "ORIGIN_REFUSED",
        message: `This is not an address of Quarterdeck. Use ${address.origin}.`,
      });
      return;
    }
    const kind = relayPath.exec(path)?.[1] as "bridge" | "viewer" | undefined;
    if (kind === "viewer" && origin !== undefined && !address.acceptsOrigin(origin)) {
      refuseUpgrade(socket, { code: "ORIGIN_REFUSED", message: "Pages of other origins may not watch servers." });
    } else if (kind !== undefined) {
      passOn(request, socket, head, kind).catch((error: unknown) => {
        if (error instanceof QuarterdeckError) return refuseUpgrade(socket, error);
        log.error({ err: error }, "an upgrade failed");
        socket.destroy();
      });
    } else if (path === "/trpc") {
      consoles.handle(request, socket, head).catch((error: unknown) => {
        log.error({ err: error }, "an upgrade failed");
        socket.destroy();
      });
    } else {
      refuseUpgrade(socket, { code: "NOT_FOUND", message: "There is no WebSocket at this address." });
    }
  });
}
