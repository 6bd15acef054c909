import type { Runtime } from "../runtime.ts";
import { readSetting } from "./repo.ts";

/** Whether anybody may make an account. Otherwise only the set-up link and invitations do. */
export function isSignUpOpen({ db }: Pick<Runtime, "db">): Promise<boolean> {
  return readSetting(db, "signUpOpen");
}
