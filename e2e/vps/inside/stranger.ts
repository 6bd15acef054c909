// Run inside the test server as a user who has nothing to do with the bridge: prints what of its files he could read or change.
import { accessSync, constants, globSync, readFileSync, writeFileSync } from "node:fs";

const secret = ["/var/lib/quarterdeck-*/**", "/etc/quarterdeck/bridge.env", "/run/quarterdeck/**"];
const code = ["/usr/lib/quarterdeck/**", "/usr/local/bin/quarterdeck-bridge", "/etc/systemd/system/quarterdeck-*"];

function isDone(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch {
    return false; // Refused, as it is to be.
  }
}

const named = ["identity.json", "journal.db", "workspaces"].map((name) => `/var/lib/quarterdeck-bridge/${name}`);
const read = [...named, ...globSync(secret)].filter((path) => isDone(() => accessSync(path, constants.R_OK)));
const known = globSync(code);
const changed = known.filter((path) => isDone(() => accessSync(path, constants.W_OK)));
const made = ["/usr/lib/quarterdeck/x", "/etc/quarterdeck/x", "/var/lib/quarterdeck-bridge/x"].filter((path) =>
  isDone(() => writeFileSync(path, "")),
);
// He is somebody who can read what everybody can, or nothing above says anything.
const canary = readFileSync("/etc/hostname", "utf8").trim();
process.stdout.write(JSON.stringify({ canary, known: known.length, read, changed, made }));
