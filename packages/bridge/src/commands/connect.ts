import type { DataDirectory } from "../data-directory.ts";
import type { Environment } from "../env.ts";
import { hasIdentity, readIdentity } from "../identity.ts";
import type { Log } from "../log.ts";
import { enrolCommand } from "./enrol.ts";
import type { OptionValues } from "./options.ts";
import { runCommand } from "./run.ts";

interface ConnectOptions {
  readonly values: OptionValues;
  readonly environment: Environment;
  readonly data: DataDirectory;
  readonly log: Log;
  readonly say: (line: string) => void;
}

/** `connect`: enrols where that has not happened yet, then runs in the foreground. */
export async function connectCommand({ values, environment, data, log, say }: ConnectOptions): Promise<number> {
  if (hasIdentity(data)) {
    const identity = readIdentity(data);
    say(`This server is connected to ${identity.apiUrl} already (${identity.serverId}).`);
  } else {
    say(`Connecting this server to ${values.url ?? ""} …`);
    const identity = await enrolCommand(values, environment, data);
    say(`The platform's key is the expected one. This server is now ${identity.serverId}.`);
  }
  say(`Its files are in ${data.path}. Press Ctrl-C to stop; runs that are going on then go on.`);
  let isOnline = false;
  return runCommand({
    values,
    environment,
    data,
    log,
    onStatus({ state, detail }) {
      if (state === "online") say("Online: the console shows this server now.");
      else if (state === "stopped") say(`Stopped: ${detail}.`);
      else if (isOnline) say(`Connection lost: ${detail}`);
      else say(`Not connected yet: ${detail}`);
      isOnline = state === "online";
    },
  });
}
