import {
  type RenewalAnswer,
  renewalRequestSchema,
  type Report,
  reportBatchSchema,
} from "@quarterdeck/core/protocol/relay-api";
import type { RunId, ServerId } from "@quarterdeck/core/ids";
import { serviceKey } from "./platform.ts";

type Renew = (serverId: ServerId, runIds: readonly RunId[]) => Promise<Partial<RenewalAnswer>>;

/** The API as the relay sees it: takes reports, signs anew, and can be down. */
export class FakeApi {
  isUp = true;
  /** What it says about the fleet with each answer to reports, if anything. */
  spreadMs: number | undefined;
  /** Answers requests for new signatures; without it they fail. */
  renew: Renew | undefined;
  /** The runs that new signatures were asked for, request by request. */
  readonly renewals: RunId[][] = [];
  refusedRequests = 0;
  readonly #reports = new Map<ServerId, Report[]>();

  /** Every report of a server that was recorded, each once. */
  reports(serverId: ServerId): Report[] {
    return this.#reports.get(serverId) ?? [];
  }

  readonly answer = async (request: { url: string; headers: Headers; json(): Promise<unknown> }): Promise<Response> => {
    if (request.headers.get("authorization") !== `Bearer ${serviceKey}`) return new Response(null, { status: 401 });
    const { pathname } = new URL(request.url);
    if (pathname === "/relay/renewals") return await this.#answerRenewal(await request.json());
    if (pathname !== "/relay/reports") return new Response(null, { status: 404 });
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
    return Response.json({ through: known.length, ...(this.spreadMs !== undefined && { spreadMs: this.spreadMs }) });
  };

  async #answerRenewal(body: unknown): Promise<Response> {
    const { serverId, runIds } = renewalRequestSchema.parse(body);
    this.renewals.push(runIds);
    if (!this.renew) return new Response("down", { status: 503 });
    return Response.json({ renewed: [], refused: [], ...(await this.renew(serverId, runIds)) });
  }
}
