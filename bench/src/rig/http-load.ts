import { Agent, request } from "node:http";
import { forEachOf } from "./in-turn.ts";

export interface HttpCall {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** With one it is a POST. */
  readonly body?: string;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly latenciesMs: readonly number[];
}

/** Sends requests over connections that stay open, so many at once, as soon as each has its answer. An answer that is no success ends it. */
export async function sendAll(calls: readonly HttpCall[], atOnce: number): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const latenciesMs: number[] = [];
  const beganAt = performance.now();
  await forEachOf(calls, atOnce, async (call) => {
    const sentAt = performance.now();
    await send(call, agent);
    latenciesMs.push(performance.now() - sentAt);
  });
  const perSecond = (calls.length * 1000) / (performance.now() - beganAt);
  agent.destroy();
  return { perSecond, latenciesMs };
}

function send({ url, headers, body }: HttpCall, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const sent = request(url, {
      agent,
      method: body === undefined ? "GET" : "POST",
      headers: { ...headers, ...length },
    });
    sent.on("error", reject);
    sent.on("response", (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (piece: string) => (text += piece));
      answer.on("end", () => {
        if (answer.statusCode === 200) resolve();
        else reject(new Error(`${url} was answered with ${answer.statusCode}: ${text.slice(0, 500)}`));
      });
    });
    sent.end(body);
  });
}
