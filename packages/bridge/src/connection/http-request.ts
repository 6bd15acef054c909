import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import { proxyAgent } from "./proxy.ts";

interface RequestOptions {
  readonly timeoutMs: number;
  /** More of an answer is not read. */
  readonly maxBytes: number;
  /** JSON that is sent with POST; without it the request is a GET. */
  readonly json?: string | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** One HTTP request, through the owner's proxy where there is one. It follows no redirection. */
export function requestText(url: URL, { timeoutMs, maxBytes, json }: RequestOptions): Promise<HttpAnswer> {
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const fail = (error: Error) => reject(signal.aborted ? new Error(`no answer within ${timeoutMs / 1000} s`) : error);
    const request = send(
      url,
      {
        agent: proxyAgent(url) ?? false,
        signal,
        method: json === undefined ? "GET" : "POST",
        headers: json === undefined ? {} : { "content-type": "application/json" },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => {
          text = (text + part).slice(0, maxBytes);
        });
        response.on("error", fail);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      },
    );
    request.on("error", fail);
    // The agent would pass the proxy's refusal off as the platform's answer.
    request.on("proxyConnect", ({ statusCode }: { statusCode: number }) => {
      if (statusCode !== 200) request.destroy(new Error(`the proxy refuses the connection with ${statusCode}`));
    });
    request.end(json);
  });
}
