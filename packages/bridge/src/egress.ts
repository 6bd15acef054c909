// The proxy beside a run that may reach only the hosts of a list. `egress.mjs USER HOST…` listens on a socket in its folder until
// the wrapper that started it is gone. It is outside the sandbox, as a user that owns nothing but that folder (`-`: the wrapper's).
import { networkInterfaces } from "node:os";
import { createEgressProxy, resolveAll } from "./sandbox/network/egress-proxy.ts";
import { egressSocketName } from "./sandbox/network/egress-socket.ts";
import { isPublicAddress } from "./sandbox/network/public-address.ts";

process.title = "quarterdeck-egress";
process.umask(0o111); // Everybody who sees the folder may connect: the run, as its own user.
const [user = "-", ...hosts] = process.argv.slice(2);
if (user !== "-") {
  process.setgroups?.([]);
  process.setgid?.(Number(user));
  process.setuid?.(Number(user));
}
/** They change while the machine runs. */
const ownAddresses = () =>
  Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
const mayReach = (address: string) => isPublicAddress(address, ownAddresses());
createEgressProxy({ hosts, mayReach, resolve: resolveAll }).listen(egressSocketName);
const end = () => process.exit();
process.stdin.once("end", end).once("error", end).resume();
