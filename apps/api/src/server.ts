import { EnvError, readEnv } from "./env.ts";
import { DatabaseInUseError } from "./db/lock-database.ts";
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
  const forPeople = [EnvError, NewerDatabaseError, DatabaseInUseError, ListenError];
  const isForPeople = forPeople.some((kind) => error instanceof kind);
  process.stderr.write(
    `quarterdeck: ${error instanceof Error ? (isForPeople ? error.message : error.stack) : String(error)}\n`,
  );
  process.exit(isForPeople ? 2 : 1);
});
