import { planNames } from "@quarterdeck/core/quota/request-tiers";
import type { OrgScope } from "../auth/scope.ts";
import type { Runtime } from "../runtime.ts";
import { procedure, router } from "../trpc.ts";
import { ratesViewSchema, type RatesView } from "./views.ts";

export const ratesRouter = router({
  current: procedure({ scope: "org", permission: "org.read" })
    .output(ratesViewSchema)
    .query(({ ctx }) => readRates(ctx.runtime, ctx.scope)),
});

/** What an org may ask, and how much of it is used, as this process has counted. */
function readRates({ requestRates, connections, env }: Runtime, scope: OrgScope): RatesView {
  const perMinute = env.requestsPerMinute[scope.plan];
  const used = (remaining: number) => ({ used: perMinute - remaining, remaining });
  const { user, org, refusedInLastHour } = requestRates.standing(scope);
  return {
    plan: scope.plan,
    perMinute,
    user: used(user),
    org: used(org),
    connections: { open: connections.count(scope), most: connections.most(scope.plan) },
    refusedInLastHour,
    plans: planNames.map((name) => ({
      name,
      perMinute: env.requestsPerMinute[name],
      connections: connections.most(name),
    })),
  };
}
