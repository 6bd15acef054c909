export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Writes what happened, for the owner of the server. Fields hold ids, codes and counts, never arguments or secrets. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

type Level = "info" | "warn" | "error";

interface LogOptions {
  readonly write: (line: string) => void;
  /** Short lines for people instead of JSON. */
  readonly isForPeople: boolean;
  readonly nowMs: () => number;
}

export function createLog({ write, isForPeople, nowMs }: LogOptions): Log {
  const line = (level: Level, message: string, fields: LogFields) => {
    const time = new Date(nowMs()).toISOString();
    if (!isForPeople) return write(`${JSON.stringify({ time, level, message, ...fields })}\n`);
    const details = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
    const suffix = details.map(([name, value]) => ` ${name}=${JSON.stringify(value)}`).join("");
    write(`${time.slice(11, 19)} ${level === "info" ? "" : `${level}: `}${message}${suffix}\n`);
  };
  return {
    info: (message, fields = {}) => line("info", message, fields),
    warn: (message, fields = {}) => line("warn", message, fields),
    error: (message, fields = {}) => line("error", message, fields),
  };
}

/** What an error says, without its stack. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
