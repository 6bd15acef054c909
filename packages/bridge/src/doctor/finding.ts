/** `weaker`: runs work, but with less than this machine could have. `missing`: something does not work until it is mended. */
export type FindingLevel = "good" | "weaker" | "missing";

/** What the doctor found out about one thing; the text of what is not good says how to mend it. */
export interface Finding {
  readonly level: FindingLevel;
  readonly text: string;
}

export const good = (text: string): Finding => ({ level: "good", text });
export const weaker = (text: string): Finding => ({ level: "weaker", text });
export const missing = (text: string): Finding => ({ level: "missing", text });

/** What scripts can tell the outcome by. */
export const doctorExitCodes = { good: 0, missing: 1, weaker: 3 } as const satisfies Record<FindingLevel, number>;

/** The exit code is that of the worst finding. */
export function exitCodeOf(findings: readonly Finding[]): number {
  const has = (level: FindingLevel) => findings.some((finding) => finding.level === level);
  return has("missing") ? doctorExitCodes.missing : has("weaker") ? doctorExitCodes.weaker : doctorExitCodes.good;
}

export function findingLine({ level, text }: Finding): string {
  return `${level === "good" ? "ok" : level}`.padEnd(9) + text;
}
