import {
  type RenewalAnswer,
  renewalRequestSchema,
  type Report,
  reportBatchSchema,
} from "@quarterdeck/core/protocol/relay-api";
import type { RunId, ServerId } from "@quarterdeck/core/ids";
import { telemetryBatchSchema, type TelemetryMinute } from "@quarterdeck/core/protocol/telemetry-minutes";
import { dayMs, minuteMs } from "@quarterdeck/core/units";
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
  /** How often a server's minutes were told. */
  tellings = 0;
  readonly #reports = new Map<ServerId, Report[]>();
  readonly #minutes = new Map<ServerId, Map<number, TelemetryMinute>>();
  /** Up to where the newest stream of a server is recorded. */
  readonly #through = new Map<ServerId, number>();
  /** The streams of reports that each server had, the newest last. */
  readonly streams = new Map<ServerId, string[]>();

  /** Every report of a server that was recorded, each once. */
  reports(serverId: ServerId): Report[] {
    return this.#reports.get(serverId) ?? [];
  }

  readonly answer = async (request: { url: string; headers: Headers; json(): Promise<unknown> }): Promise<Response> => {
    if (request.headers.get("authorization") !== `Bearer ${serviceKey}`) return new Response(null, { status: 401 });
    const { pathname } = new URL(request.url);
    if (pathname === "/relay/renewals") return await this.#answerRenewal(await request.json());
    if (pathname === "/relay/telemetry") return this.#answerTelemetry(await request.json());
    if (pathname !== "/relay/reports") return new Response(null, { status: 404 });
    if (!this.isUp) {
      this.refusedRequests++;
      return new Response("down", { status: 503 });
    }
    const { serverId, stream, reports } = reportBatchSchema.parse(await request.json());
    const known = this.#reports.get(serverId) ?? [];
    this.#reports.set(serverId, known);
    const streams = this.streams.get(serverId) ?? [];
    this.streams.set(serverId, streams);
    if (streams.slice(0, -1).includes(stream)) return Response.json({ through: 0, isStreamOver: true });
    if (streams.at(-1) !== stream) {
      streams.push(stream);
      this.#through.set(serverId, (reports[0]?.seq ?? 1) - 1);
    }
    let through = this.#through.get(serverId) ?? 0;
    for (const report of reports) {
      if (report.seq <= through) continue;
      if (report.seq !== through + 1) throw new Error(`report ${report.seq} came after ${through}`);
      known.push(report);
      through = report.seq;
    }
    this.#through.set(serverId, through);
    return Response.json({ through, ...(this.spreadMs !== undefined && { spreadMs: this.spreadMs }) });
  };

  /** Every minute of a server that was told, each as it came last. */
  minutes(serverId: ServerId): TelemetryMinute[] {
    return [...(this.#minutes.get(serverId)?.values() ?? [])];
  }

  #answerTelemetry(body: unknown): Response {
    this.tellings++;
    if (!this.isUp) return new Response("down", { status: 503 });
    const { serverId, sinceMs, minutes } = telemetryBatchSchema.parse(body);
    const known = this.#minutes.get(serverId) ?? new Map<number, TelemetryMinute>();
    this.#minutes.set(serverId, known);
    const heldMs = Math.max(Date.now() - dayMs, ...known.keys());
    const isTaken = sinceMs <= heldMs + minuteMs;
    if (isTaken) for (const minute of minutes) known.set(minute.atMs, minute);
    return Response.json({ isTaken, heldMs });
  }

  async #answerRenewal(body: unknown): Promise<Response> {
    const { serverId, runIds } = renewalRequestSchema.parse(body);
    this.renewals.push(runIds);
    if (!this.renew) return new Response("down", { status: 503 });
    return Response.json({ renewed: [], refused: [], ...(await this.renew(serverId, runIds)) });
  }
}
