import type { ActionContext } from "../src/actions/action-context.ts";

/** What actions work with where nothing is limited, frozen, forbidden or put into a sandbox. */
export function plainContext(data: ActionContext["data"]): ActionContext {
  return {
    data,
    users: null,
    folders: ["/usr/bin", "/bin"],
    sandbox: { isolation: "hidden", reason: null, wrap: (call) => call },
    groupLimits: { apply: () => Promise.resolve() },
    frozen: { freeze: () => Promise.resolve(), thaw: () => Promise.resolve() },
    policy: { judgeRepository: () => null },
  };
}
