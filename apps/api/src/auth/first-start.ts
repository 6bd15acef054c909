import { hashToken, makeToken } from "../random-token.ts";
import type { Runtime } from "../runtime.ts";
import { createUnclaimedOrg, findUnclaimedOrg, replaceSetupToken } from "./repo.ts";

/**
 * Makes the org that the first account will take, and a new one-time link to take it with; the links of earlier starts end.
 *
 * @returns the path and fragment of the link, or null when the org has been taken
 */
export async function prepareFirstStart(
  runtime: Pick<Runtime, "db" | "writer" | "clock" | "makeId">,
): Promise<string | null> {
  const { db, writer, clock, makeId } = runtime;
  await writer.commit(createUnclaimedOrg({ orgId: makeId("org"), name: "This machine", nowMs: clock.nowMs() }));
  const orgId = await findUnclaimedOrg(db);
  if (orgId === null) return null;
  const token = makeToken("qd_setup");
  await writer.commit(replaceSetupToken({ tokenHash: hashToken(token), orgId }));
  return `/set-up#token=${token}`; // A fragment is sent to no server and logged by none.
}
