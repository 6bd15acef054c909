// Runs the contract of the drivers on a server that has nothing but Node: `node contract.mjs WRAPPER [systemd|cgroup [WORDS OF A NAME]]`, as root.
// Bundled with the wrapper by `bundle-contract.ts`. Says `ok` or `not ok` of each case and ends with 1 if one failed.
import { ContractPlace } from "./contract-place.ts";
import { machineQuotas } from "../../src/drivers/quota-system.ts";
import { bandwidthContract } from "./bandwidth-contract.ts";
import { diskContract } from "./disk-contract.ts";
import { driverContract } from "./driver-contract.ts";

const [wrapper = "", driver, pattern] = process.argv.slice(2);
const place = await ContractPlace.open(wrapper, driver === "cgroup" ? "cgroup" : undefined);
console.log(`driver ${place.driver.name}: ${place.driver.limited.join(", ")}. ${place.reason}`);
const awake = setInterval(() => undefined, 1000); // Nothing else waits for a wrapper.
const disk = machineQuotas.findMount(place.folder)?.hasProjectQuota === true ? diskContract : [];
const cases = [
  ...driverContract.map(({ name, check }) => ({ name, check: () => check(place) })),
  ...bandwidthContract,
  ...disk,
];
const chosen = cases.filter(({ name }) => pattern === undefined || name.includes(pattern));
let failures = 0;
for (const { name, check } of chosen) {
  try {
    await check();
    console.log(`ok - ${name}`);
  } catch (error) {
    failures++;
    console.log(`not ok - ${name}\n${error instanceof Error ? error.stack : String(error)}`);
  }
}
clearInterval(awake);
await place[Symbol.asyncDispose]();
console.log(
  `contract: ${chosen.length - failures} of ${chosen.length} hold; quotas of the disk ${disk.length > 0 ? "tried" : "not there"}`,
);
process.exit(failures === 0 && place.driver.name !== "process" ? 0 : 1);
