import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { RunId, ServerId } from "@quarterdeck/core/ids";
import { reportBatchSchema, type Report } from "@quarterdeck/core/protocol/relay-api";
import { resultSchema } from "@quarterdeck/core/protocol/result";

/** Stands in for the API: takes reports in order, each once, counts what it is asked, and can be down. */
export class CountingApi implements AsyncDisposable {
  isUp = true;
  /** Requests by path, since `countAnew`. */
  #requests = new Map<string, number>();
  /** How often each run was reported as finished. */
  readonly finished = new Map<RunId, number>();
  /** When each was reported the first time. */
  readonly finishedAtMs = new Map<RunId, number>();
  /** Runs that ended in another way than their bridge's success. */
  readonly otherEnds: string[] = [];
  readonly #through = new Map<ServerId, number>();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<CountingApi> {
    const server = createServer((request, response) => {
      api.#answer(request).then(
        (answer) => response.writeHead(answer === null ? 503 : 200).end(JSON.stringify(answer)),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    });
    const api = new CountingApi(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return api;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  countAnew(): void {
    this.#requests = new Map();
  }

  requests(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#requests);
  }

  async #answer(request: IncomingMessage): Promise<{ through: number } | null> {
    const path = request.url ?? "";
    this.#requests.set(path, (this.#requests.get(path) ?? 0) + 1);
    const chunks = (await request.toArray()) as Buffer[];
    if (!this.isUp || path !== "/relay/reports") return null;
    const { serverId, reports } = reportBatchSchema.parse(JSON.parse(Buffer.concat(chunks).toString()));
    let through = this.#through.get(serverId) ?? 0;
    for (const report of reports) {
      if (report.seq <= through) continue;
      if (report.seq !== through + 1) throw new Error(`report ${report.seq} of ${serverId} came after ${through}`);
      this.#record(report);
      through = report.seq;
    }
    this.#through.set(serverId, through);
    return { through };
  }

  #record(report: Report): void {
    if (report.kind === "ended") this.otherEnds.push(`${report.runId} ${report.code}`);
    if (report.kind !== "result") return;
    const result = resultSchema.parse(JSON.parse(report.signed));
    if (result.kind !== "finished") return;
    if (!this.finished.has(result.runId)) this.finishedAtMs.set(result.runId, performance.now());
    this.finished.set(result.runId, (this.finished.get(result.runId) ?? 0) + 1);
    if (result.verdict !== "succeeded") this.otherEnds.push(`${result.runId} ${result.verdict} ${result.message}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
