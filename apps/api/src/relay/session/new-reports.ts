import type { Report } from "@quarterdeck/core/protocol/relay-api";

export interface NewReport {
  readonly report: Report;
  /** The number of the one that must have been recorded right before it. */
  readonly previousSeq: number;
}

/** The reports that are not recorded yet, in their order: what came twice is taken once (PROTOCOL 8.2). */
export function newReports(reports: readonly Report[], recordedSeq: number): NewReport[] {
  let previousSeq = recordedSeq;
  return [...reports]
    .sort((a, b) => a.seq - b.seq)
    .flatMap((report) => {
      if (report.seq <= previousSeq) return [];
      const next = { report, previousSeq };
      previousSeq = report.seq;
      return [next];
    });
}
