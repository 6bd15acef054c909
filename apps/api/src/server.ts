import { EnvError, readEnv } from "./env.ts";
import { NewerDatabaseError } from "./db/migrate.ts";
import { createLog } from "./log.ts";
import { ListenError, startApi } from "./start-api.ts";

// The entry of the API process.

async function main(): Promise<void> {
  process.umask(0o077); // The database is for its owner only.
  const env = readEnv(process.env);
  const log = createLog(env.logLevel);
  process.on("uncaughtException", (error) => {
    log.fatal({ err: error }, "uncaught");
    process.exit(1); // What state it is in is unknown; whoever started it starts it again.
  });
  const api = await startApi(env, { log });
  let isStopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (isStopping) return;
    isStopping = true;
    log.info({ signal }, "stopping");
    api.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, "stopping failed");
        process.exit(1);
      },
    );
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);
}

main().catch((error: unknown) => {
  const isForPeople = error instanceof EnvError || error instanceof NewerDatabaseError || error instanceof ListenError;
  process.stderr.write(
    `quarterdeck: ${isForPeople ? error.message : error instanceof Error ? error.stack : String(error)}\n`,
  );
  process.exit(isForPeople ? 2 : 1);
});
