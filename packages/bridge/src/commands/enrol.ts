import type { DataDirectory } from "../data-directory.ts";
import { enrol } from "../enrolment/enrol.ts";
import type { Environment } from "../env.ts";
import type { Identity } from "../identity.ts";
import { UsageError, type OptionValues } from "./options.ts";

/** `enrol`: connects this server to a platform, once. */
export function enrolCommand(values: OptionValues, environment: Environment, data: DataDirectory): Promise<Identity> {
  const token = values.token ?? environment.enrolToken;
  const { url, name } = values;
  const platformKey = values["platform-key"];
  const given = { "--url": url, "--token": token, "--platform-key": platformKey };
  const missing = Object.entries(given).flatMap(([option, value]) =>
    value === undefined || value === "" ? [option] : [],
  );
  if (!url || !token || !platformKey)
    throw new UsageError(
      `${missing.join(", ")} is missing. The console shows the whole command under "Connect a server".`,
    );
  return enrol({ data, url, token, platformKey, name, allowedAddress: values["allow-address"] });
}
