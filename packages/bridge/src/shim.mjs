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
await import("./cli.mjs");
