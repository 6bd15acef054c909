import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { idSchema } from "@quarterdeck/core/ids";
import { planNames } from "@quarterdeck/core/quota/request-tiers";
import { Hono } from "hono";
import * as z from "zod";
import { readStorage } from "../backup/storage-places.ts";
import { makeResetLink } from "../operator/account-links.ts";
import { readHealth } from "../operator/health.ts";
import { findOrgs, listAccounts } from "../operator/orgs-repo.ts";
import { signOutAccount } from "../operator/sign-out-account.ts";
import { openSignUp, readOrgs, setOperator, setPlan } from "../operator/service.ts";
import { clearAddresses } from "../orgs/access-service.ts";
import type { Runtime } from "../runtime.ts";
import { readBody } from "./read-body.ts";

const actor = "command line";
const operatorSchema = z.strictObject({ email: z.string().trim().toLowerCase().max(254), isOperator: z.boolean() });
const planSchema = z.strictObject({ org: z.string().min(1).max(200), plan: z.enum(planNames) });
const pageSchema = z.strictObject({ after: idSchema("org").nullable() });
const pageOrgs = 100;

/** What the operator's command line asks, on the internal address: whoever has the operator's key has the machine. */
export function createAdminRoutes(runtime: Runtime): Hono {
  const app = new Hono();
  app.get("/health", async (c) => c.json(await readHealth(runtime)));
  app.get("/storage", (c) => c.json(readStorage(runtime)));
  app.get("/users", async (c) => c.json({ users: await listAccounts(runtime.db) }));
  app.post("/orgs", async (c) => {
    const { after } = await readBody(c, pageSchema);
    return c.json(await readOrgs(runtime, { after, limit: pageOrgs }));
  });
  app.post("/operators", async (c) => {
    await setOperator(runtime, actor, await readBody(c, operatorSchema));
    return c.json(null);
  });
  app.post("/password-reset", async (c) => {
    const { email } = await readBody(c, operatorSchema.pick({ email: true }));
    return c.json({ url: await makeResetLink(runtime, email) });
  });
  app.post("/sign-out", async (c) => {
    const { email } = await readBody(c, operatorSchema.pick({ email: true }));
    return c.json({ ended: await signOutAccount(runtime, actor, email) });
  });
  app.post("/sign-up", async (c) => {
    const { isOpen } = await readBody(c, z.strictObject({ isOpen: z.boolean() }));
    return c.json(await openSignUp(runtime, actor, isOpen));
  });
  app.post("/plan", async (c) => {
    const { org, plan } = await readBody(c, planSchema);
    const { orgId, name } = await theOrg(runtime, org);
    await setPlan(runtime, actor, { orgId, plan });
    return c.json({ orgId, name, plan });
  });
  app.post("/clear-allow-list", async (c) => {
    const { org } = await readBody(c, planSchema.pick({ org: true }));
    const { orgId, name } = await theOrg(runtime, org);
    if (await clearAddresses(runtime, orgId)) return c.json({ orgId, name });
    throw new QuarterdeckError("CONFLICT", `Somebody has just changed who may come into "${name}". Try again.`);
  });
  return app;
}

/** The org of an id or an exact name. */
async function theOrg({ db }: Runtime, idOrName: string) {
  const [org, another] = await findOrgs(db, idOrName);
  if (org === undefined)
    throw new QuarterdeckError("NOT_FOUND", `There is no org "${idOrName}". List them: quarterdeck admin orgs`);
  if (another === undefined) return org;
  throw new QuarterdeckError("CONFLICT", `Several orgs are called "${idOrName}". Say which by its id.`);
}
