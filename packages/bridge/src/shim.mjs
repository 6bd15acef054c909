#!/usr/bin/env node
// Runs on any Node, so that an old one gets a sentence instead of a stack of syntax errors.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  process.stderr.write(
    `quarterdeck-bridge needs Node 22.13 or newer; this is ${process.versions.node} (${process.execPath}).\n` +
      "Install a newer one, for example from https://nodejs.org, and run the command again.\n",
  );
  process.exit(1);
}
// SQLite is built into Node and still says that it is experimental, on every start.
const emitWarning = process.emitWarning.bind(process);
process.emitWarning = (warning, ...rest) => {
  if (!String(warning).includes("SQLite")) emitWarning(warning, ...rest);
};
// What keeps running has a launcher in front, which can put another version in its place. The launcher starts this again.
const args = process.argv.slice(2);
const isLaunched = process.env.QUARTERDECK_LAUNCHER !== undefined && process.send !== undefined;
const staysUp = args.find((arg) => arg === "run" || arg === "connect") && !args.includes("--help");
await import(staysUp && !isLaunched ? "./launcher.mjs" : "./cli.mjs");
