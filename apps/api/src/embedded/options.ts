import { resolve } from "node:path";
import { parseArgs } from "node:util";

export interface Options {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  readonly publicUrl: string | null;
  /** The person at the terminal agreed that runs on this machine can read the platform's own files. */
  readonly consentsToNoIsolation: boolean;
}

export const helpText = `Quarterdeck: runs the platform and a bridge for this machine.

usage: npm start -- [options]

  --port PORT         port of the console (default 7070; QUARTERDECK_PORT)
  --host ADDRESS      address to listen on (default 127.0.0.1; QUARTERDECK_HOST)
  --data DIRECTORY    where everything is kept (default ./data; QUARTERDECK_DATA)
  --public-url URL    the https address under which others reach the console, when it is not only for this
                      machine (QUARTERDECK_PUBLIC_URL)
  --allow-no-isolation
                      run programs on this machine even if bubblewrap is missing, so that they can read the
                      platform's own files
  --help              this text

It stays up until Ctrl-C, which stops everything. The logs are in DIRECTORY/logs. Every other setting is
described in .env.example. Starting it again finds everything as it was.`;

/** A mistake in how the program was called: its message is for the person at the terminal. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Reads the options from the command line, then the environment, then the defaults. */
export function readOptions(args: readonly string[], environment: NodeJS.ProcessEnv): Options | "help" {
  const values = parse(args);
  if (values.help) return "help";
  const port = values.port ?? (environment["QUARTERDECK_PORT"] || "7070");
  const source = values.port === undefined ? "QUARTERDECK_PORT" : "--port";
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    throw new UsageError(`${source} must be a port number from 1 to 65535, not "${port}".`);
  }
  const host = values.host ?? (environment["QUARTERDECK_HOST"] || "127.0.0.1");
  if (!["127.0.0.1", "::1", "localhost", "0.0.0.0", "::"].includes(host)) {
    const hostSource = values.host === undefined ? "QUARTERDECK_HOST" : "--host";
    throw new UsageError(
      `${hostSource} must be 127.0.0.1 or ::1 (this machine only) or 0.0.0.0 or :: (every address), not "${host}".`,
    );
  }
  return {
    host,
    port: Number(port),
    dataDir: resolve(values.data ?? (environment["QUARTERDECK_DATA"] || "data")),
    publicUrl: values["public-url"] ?? (environment["QUARTERDECK_PUBLIC_URL"] || null),
    consentsToNoIsolation: values["allow-no-isolation"] ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: "string" },
        host: { type: "string" },
        data: { type: "string" },
        "public-url": { type: "string" },
        "allow-no-isolation": { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\nSee: npm start -- --help`, {
      cause: error,
    });
  }
}
