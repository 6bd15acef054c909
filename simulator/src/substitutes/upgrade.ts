import type { End, EndListener, Wire } from "../world/network.ts";
import type { SimProcess } from "../world/sim-process.ts";
import { hosts } from "./fetch.ts";
import { SimRequest } from "./response.ts";

/** The client's half of what `new WebSocketPair()` made: what a Worker answers an upgrade with. */
export interface ClientHalf {
  attachWire(wire: Wire): void;
}

/** Connects a process to a server by a WebSocket. */
export function openWire(process: SimProcess, url: URL, listener: EndListener): End {
  const { machine } = process;
  const { network, timeline } = machine.world;
  const wire = network.wire(`${machine.name}>${url.hostname}`);
  wire.client.listener = listener;
  const ask = () => {
    const request = new SimRequest(url, { headers: { upgrade: "websocket" } });
    hosts(machine.world)
      .handle(url.hostname, request)
      .then(
        (answer) => {
          if (wire.isCut) return;
          if (answer.status !== 101) return wire.cut("client");
          wire.server.welcome();
          (answer.webSocket as ClientHalf).attachWire(wire);
        },
        () => wire.cut("client"),
      );
  };
  timeline.after(wire.link.delayMs(), () => wire.link.whenOpen("toServer", ask));
  return wire.client;
}
