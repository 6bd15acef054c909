// Runs the contract of the drivers on a server that has nothing but Node: `node contract.mjs WRAPPER [cgroup]`, as root.
// Bundled with the wrapper by `bundle-contract.ts`. Says `ok` or `not ok` of each case and ends with 1 if one failed.
import { ContractPlace } from "./contract-place.ts";
import { driverContract } from "./driver-contract.ts";

const [wrapper = "", prefer] = process.argv.slice(2);
const place = await ContractPlace.open(wrapper, prefer === "cgroup" ? "cgroup" : undefined);
console.log(`driver ${place.driver.name}: ${place.driver.limited.join(", ")}`);
const awake = setInterval(() => undefined, 1000); // Nothing else waits for a wrapper.
let failures = 0;
for (const { name, check } of driverContract) {
  try {
    await check(place);
    console.log(`ok - ${name}`);
  } catch (error) {
    failures++;
    console.log(`not ok - ${name}\n${error instanceof Error ? error.stack : String(error)}`);
  }
}
clearInterval(awake);
await place[Symbol.asyncDispose]();
console.log(`contract: ${driverContract.length - failures} of ${driverContract.length} hold`);
process.exit(failures === 0 && place.driver.name !== "process" ? 0 : 1);
