// The proxy beside a run that may reach only the hosts of a list. `egress.mjs USER METER HOST…` listens on a socket in its folder until
// the wrapper that started it is gone. METER: where the bridge gives leave to pass bytes on, and hears what passed (`-`: nobody does). It is outside the sandbox, as a user that owns nothing but that folder (`-`: the wrapper's).
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import { noMeter } from "./sandbox/network/egress-meter.ts";
import { createEgressProxy, resolveAll } from "./sandbox/network/egress-proxy.ts";
import { egressSocketName } from "./sandbox/network/egress-socket.ts";
import { ProxyMeter } from "./sandbox/network/proxy-meter.ts";
import { isPublicAddress } from "./sandbox/network/public-address.ts";

process.title = "quarterdeck-egress";
const [user = "-", meterPath = "-", ...hosts] = process.argv.slice(2);
const meter = meterPath === "-" ? noMeter : await listenForHost(meterPath);
if (user !== "-") {
  process.setgroups?.([]);
  process.setgid?.(Number(user));
  process.setuid?.(Number(user));
}
/** They change while the machine runs. */
const ownAddresses = () =>
  Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
const mayReach = (address: string) => isPublicAddress(address, ownAddresses());
process.umask(0o111); // Everybody who sees the folder may connect: the run, as its own user.
createEgressProxy({ hosts, mayReach, resolve: resolveAll, meter }).listen(egressSocketName);
const end = () => process.exit();
process.stdin.once("end", end).once("error", end).resume();

/** Before it becomes somebody else: only the bridge may pass into that folder. */
async function listenForHost(path: string): Promise<ProxyMeter> {
  const own = new ProxyMeter();
  process.umask(0o177);
  await once(own.server().listen(path), "listening");
  return own;
}
