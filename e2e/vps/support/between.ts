import { once } from "node:events";
import { createServer } from "node:http";
import { stage } from "./stage.ts";

export interface Between extends AsyncDisposable {
  /** The same command by way of whoever is in between. */
  reroute(command: string): string;
}

/** Somebody between the platform and a server, who passes everything on and changes the answers below one path. */
export async function startBetween(path: string, change: (body: Buffer) => Buffer): Promise<Between> {
  const between = createServer((request, response) => {
    const answered = (async () => {
      if (request.url === undefined) throw new Error("a request without an address");
      const isChanged = request.url.startsWith(path);
      const answer = await fetch(new URL(request.url, stage.url));
      const body = Buffer.from(await answer.arrayBuffer());
      response.writeHead(answer.status).end(isChanged ? change(body) : body);
    })();
    answered.catch((error: unknown) => response.destroy(error instanceof Error ? error : new Error(String(error))));
  }).listen(stage.sparePort, "127.0.0.1");
  await once(between, "listening");
  const address = stage.urlFromServer.replace(/:\d+$/, `:${stage.sparePort}`);
  return {
    reroute: (command) => `${command.replaceAll(stage.urlFromServer, address)} --url ${address}`,
    async [Symbol.asyncDispose]() {
      between.closeAllConnections();
      between.close();
      await once(between, "close");
    },
  };
}
