import { lookup } from "node:dns/promises";
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, isIP } from "node:net";
import type { Duplex } from "node:stream";
import { MeteredStream, passBytes, type EgressMeter } from "./egress-meter.ts";
import { isListed, parseDestination, type Destination } from "./host-list.ts";

export interface EgressRules {
  readonly hosts: readonly string[];
  /** Whether runs may reach an address, whoever's name it is. */
  readonly mayReach: (address: string) => boolean;
  /** All addresses of a name. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
  /** Holds what passes, both ways, and counts it. */
  readonly meter: EgressMeter;
}

interface Refused {
  readonly status: 403 | 502;
  readonly reason: string;
}

const connectTimeoutMs = 20_000;
const longestHeaderBytes = 16 * 1024;

/**
 * Decides where a connection goes: to which address, or why nowhere. The address that was looked at is the one that is connected
 * to, so a name that answers differently the next time gains nothing.
 */
export async function decideAddress(
  destination: Destination,
  rules: Omit<EgressRules, "meter">,
): Promise<string | Refused> {
  const { host } = destination;
  if (!isListed(destination, rules.hosts)) {
    const port = destination.port === 443 || destination.port === 80 ? "" : `:${destination.port}`;
    return { status: 403, reason: `${host}${port} is not among the hosts that this project may reach.` };
  }
  let addresses: readonly string[];
  try {
    addresses = isIP(host) === 0 ? await rules.resolve(host) : [host];
  } catch {
    return { status: 502, reason: `${host} cannot be found.` };
  }
  const address = addresses.find((candidate) => rules.mayReach(candidate));
  if (address !== undefined) return address;
  return { status: 403, reason: `${host} is at no address of the open internet, and runs may reach no others.` };
}

/** Every address of a name, as this machine resolves it. */
export async function resolveAll(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true, verbatim: false });
  return found.map(({ address }) => address);
}

function answerText({ status, reason }: Refused): string {
  const body = `Quarterdeck: ${reason}\n`;
  const title = status === 403 ? "Forbidden" : "Bad Gateway";
  return `HTTP/1.1 ${status} ${title}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;
}

/** An HTTP proxy that leads to listed hosts on the open internet only. */
export function createEgressProxy(rules: EgressRules): Server {
  const server = createServer({ maxHeaderSize: longestHeaderBytes }, (incoming, outgoing) => {
    void forward(incoming, outgoing, rules);
  });
  server.on("connect", (incoming: IncomingMessage, client: Duplex, head: Buffer) => {
    void tunnel({ incoming, client, head }, rules);
  });
  server.on("clientError", (_error, client) => client.destroy());
  return server;
}

async function tunnel(
  { incoming, client, head }: { incoming: IncomingMessage; client: Duplex; head: Buffer },
  rules: EgressRules,
): Promise<void> {
  client.on("error", () => client.destroy());
  const destination = parseDestination(incoming.url ?? "");
  const address = destination
    ? await decideAddress(destination, rules)
    : ({ status: 403, reason: "that is no host and port." } as const);
  if (typeof address !== "string" || !destination) {
    client.end(answerText(address as Refused));
    return;
  }
  const upstream = connect({ host: address, port: destination.port, timeout: connectTimeoutMs });
  let isOpen = false;
  upstream.once("connect", () => {
    isOpen = true;
    upstream.setTimeout(0);
    client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    const sent = new MeteredStream(rules.meter, "sent");
    const received = new MeteredStream(rules.meter, "received");
    client.once("close", () => [sent, received].forEach((stream) => stream.destroy()));
    if (head.length > 0) sent.write(head);
    upstream.pipe(received).pipe(client);
    client.pipe(sent).pipe(upstream);
  });
  const fail = () => {
    upstream.destroy();
    if (isOpen) client.destroy();
    else client.end(answerText({ status: 502, reason: `${destination.host} does not answer.` }));
  };
  upstream.once("error", fail).once("timeout", fail);
  // What waits in the meter when the other side has ended is still passed on.
  upstream.once("close", (hadError) => isOpen && (hadError || client.writableFinished) && client.destroy());
  client.once("finish", () => upstream.destroyed && client.destroy());
  client.once("close", () => upstream.destroy());
}

/** What a proxy keeps to itself (RFC 9110, 7.6.1). */
const hopHeaders = /^(connection|proxy-.*|keep-alive|te|trailer|transfer-encoding|upgrade)$/i;

async function forward(incoming: IncomingMessage, outgoing: ServerResponse, rules: EgressRules): Promise<void> {
  const refuse = ({ status, reason }: Refused): void => {
    if (outgoing.headersSent) {
      outgoing.destroy();
      return;
    }
    outgoing.writeHead(status, { "content-type": "text/plain; charset=utf-8", connection: "close" });
    outgoing.end(`Quarterdeck: ${reason}\n`);
  };
  const url = URL.canParse(incoming.url ?? "") ? new URL(incoming.url ?? "") : undefined;
  const destination = url?.protocol === "http:" ? parseDestination(url.host, 80) : undefined;
  if (!url || !destination) return refuse({ status: 403, reason: "only http addresses and CONNECT are served." });
  const address = await decideAddress(destination, rules);
  if (typeof address !== "string") return refuse(address);
  const headers = Object.entries(incoming.headers).filter(([name]) => !hopHeaders.test(name));
  const abort = new AbortController();
  outgoing.once("close", () => abort.abort());
  const { meter } = rules;
  const { signal } = abort;
  if (!(await passBytes(meter, { way: "sent", bytes: headBytes(incoming), signal }))) return;
  const sent = new MeteredStream(meter, "sent");
  const received = new MeteredStream(meter, "received");
  const upstream = request(
    {
      host: address,
      port: destination.port,
      method: incoming.method,
      path: `${url.pathname}${url.search}`,
      headers: { ...Object.fromEntries(headers), host: url.host, connection: "close" },
      setHost: false,
      agent: false,
      timeout: connectTimeoutMs,
    },
    (answer) => {
      void passBytes(meter, { way: "received", bytes: headBytes(answer), signal }).then((mayPass) => {
        if (!mayPass) return;
        const kept = Object.entries(answer.headers).filter(([name]) => !hopHeaders.test(name));
        outgoing.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept));
        answer.pipe(received).pipe(outgoing);
      });
    },
  );
  // What waits for leave is silent, and not dead: the time is for connecting.
  upstream.once("socket", (socket) => socket.once("connect", () => upstream.setTimeout(0)));
  upstream.once("timeout", () => upstream.destroy(new Error("no answer")));
  upstream.once("error", () => refuse({ status: 502, reason: `${destination.host} does not answer.` }));
  outgoing.once("close", () => [upstream, sent, received].forEach((stream) => stream.destroy()));
  incoming.pipe(sent).pipe(upstream);
}

/** About what the head of a message takes: a run could send much in it. */
function headBytes({ rawHeaders, url = "" }: IncomingMessage): number {
  return rawHeaders.reduce((sum, text) => sum + Buffer.byteLength(text) + 3, Buffer.byteLength(url) + 16);
}
