import { dayMs, hourMs } from "@quarterdeck/core/units";

/** What a link does, and for how long. `path` is the page of the console that it opens. */
export const linkKinds = {
  resetPassword: { path: "/reset-password", livesMs: hourMs },
  confirmEmail: { path: "/email-link", livesMs: dayMs },
  undoEmail: { path: "/email-link", livesMs: 7 * dayMs },
  signUp: { path: "/sign-up", livesMs: dayMs },
} as const;

export type LinkKind = keyof typeof linkKinds;
