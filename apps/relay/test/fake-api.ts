import { type Report, reportBatchSchema } from "@quarterdeck/core/protocol/relay-api";
import type { ServerId } from "@quarterdeck/core/ids";
import { serviceKey } from "./platform.ts";

/** The API as the relay sees it: takes reports, and can be down. */
export class FakeApi {
  isUp = true;
  refusedRequests = 0;
  readonly #reports = new Map<ServerId, Report[]>();

  /** Every report of a server that was recorded, each once. */
  reports(serverId: ServerId): Report[] {
    return this.#reports.get(serverId) ?? [];
  }

  readonly answer = async (request: { url: string; headers: Headers; json(): Promise<unknown> }): Promise<Response> => {
    if (new URL(request.url).pathname !== "/relay/reports") return new Response(null, { status: 404 });
    if (request.headers.get("authorization") !== `Bearer ${serviceKey}`) return new Response(null, { status: 401 });
    if (!this.isUp) {
      this.refusedRequests++;
      return new Response("down", { status: 503 });
    }
    const { serverId, reports } = reportBatchSchema.parse(await request.json());
    const known = this.#reports.get(serverId) ?? [];
    this.#reports.set(serverId, known);
    for (const report of reports) {
      if (report.seq <= known.length) continue;
      if (report.seq !== known.length + 1) throw new Error(`report ${report.seq} came after ${known.length}`);
      known.push(report);
    }
    return Response.json({ through: known.length });
  };
}
