import { realpathSync } from "node:fs";
import { DataInUseError } from "./data-lock.ts";
import { helpText, readOptions, UsageError } from "./options.ts";
import { startPlatform, type Platform } from "./start-platform.ts";

const startedAt = performance.now();
process.umask(0o077); // Keys, database and logs are for their owner only.

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function announce(platform: Platform, dataDir: string): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  say(`\nQuarterdeck is up (${seconds} s). The console:\n`);
  if (platform.setupLink) say(`  ${platform.setupLink}\n\n  This link creates the first account. It works once.`);
  else say(`  ${platform.address}`);
  say(`\nEverything is kept in ${dataDir}; logs are in ${dataDir}/logs.`);
  const { isolation } = platform;
  if (isolation.kind === "missing") {
    say(
      `Programs cannot be run on this machine yet: they could read Quarterdeck's own files. ${isolation.reason}\n` +
        "Mend that and start again, or agree to it: npm start -- --allow-no-isolation",
    );
  }
  if (isolation.kind === "consented") {
    say(`Programs on this machine can read Quarterdeck's own files, as you agreed. ${isolation.reason}`);
  }
  say("Ctrl-C stops everything.");
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options === "help") {
    process.stdout.write(`${helpText}\n`);
    return;
  }
  let stop: Promise<void> | undefined;
  const started: { platform?: Platform } = {};
  const requestStop = (signal: NodeJS.Signals) => {
    if (stop) {
      say("Still stopping…");
      return;
    }
    say(signal === "SIGINT" ? "\nStopping…" : `\nStopping (${signal})…`);
    if (!started.platform) process.exit(130); // The children's death signal ends what has been started.
    stop = started.platform.stop().then(() => {
      say("Stopped.");
      process.exit(0);
    });
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, requestStop);
  started.platform = await startPlatform(options, say);
  announce(started.platform, realpathSync(options.dataDir));
}

main().catch((error: unknown) => {
  if (error instanceof UsageError || error instanceof DataInUseError) {
    say(`quarterdeck: ${error.message}`);
    process.exit(2);
  }
  say(`quarterdeck: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
