import { planNames } from "@quarterdeck/core/quota/request-tiers";
import * as z from "zod";
import type { PlatformQuestion } from "./ask-platform.ts";
import { describeAccounts, describeHealth, describeOrgs } from "./admin-texts.ts";
import { PlatformCommandError } from "./platform-command-error.ts";
import { accountSummarySchema, operatedOrgsSchema, platformHealthSchema, platformSettingsSchema } from "./views.ts";

/** Asks the platform that runs. */
export type Ask = <T>(question: PlatformQuestion<T>) => Promise<T>;

interface AdminVerb {
  /** Its arguments, as the help names them. */
  readonly usage: string;
  readonly help: string;
  readonly run: (ask: Ask, args: readonly string[]) => Promise<string>;
}

const nothing = z.null();

/** What `quarterdeck admin` can do, by name. */
export const adminVerbs: Readonly<Record<string, AdminVerb>> = {
  health: {
    usage: "",
    help: "how each part of the platform is",
    run: async (ask) => describeHealth(await ask({ path: "/internal/admin/health", answer: platformHealthSchema })),
  },
  users: {
    usage: "",
    help: "the accounts, and which are operators",
    run: async (ask) => {
      const answer = z.strictObject({ users: z.array(accountSummarySchema) });
      return describeAccounts((await ask({ path: "/internal/admin/users", answer })).users);
    },
  },
  orgs: {
    usage: "",
    help: "the orgs, their plans, and how much they have",
    run: async (ask) => describeOrgs(await readAllOrgs(ask)),
  },
  "make-operator": {
    usage: "EMAIL",
    help: "lets an account run the platform in the console",
    run: (ask, args) => setOperator(ask, only(args, "EMAIL"), true),
  },
  "remove-operator": {
    usage: "EMAIL",
    help: "takes that away; the last operator stays one",
    run: (ask, args) => setOperator(ask, only(args, "EMAIL"), false),
  },
  "reset-password": {
    usage: "EMAIL",
    help: "prints a link, good for once, with which the account gets a new password",
    run: async (ask, args) => {
      const body = { email: only(args, "EMAIL") };
      const answer = z.strictObject({ url: z.string() });
      return (await ask({ path: "/internal/admin/password-reset", body, answer })).url;
    },
  },
  "sign-out": {
    usage: "EMAIL",
    help: "ends every session of an account, with what is open in them",
    run: async (ask, args) => {
      const email = only(args, "EMAIL");
      const answer = z.strictObject({ ended: z.int() });
      const { ended } = await ask({ path: "/internal/admin/sign-out", body: { email }, answer });
      return `${email} is signed out everywhere: ${ended} ${ended === 1 ? "session" : "sessions"} ended.`;
    },
  },
  "sign-up": {
    usage: "on|off",
    help: "whether anybody may make an account without an invitation",
    run: async (ask, args) => {
      const isOpen = oneOf(only(args, "on|off"), ["on", "off"]) === "on";
      const body = { isOpen };
      await ask({ path: "/internal/admin/sign-up", body, answer: platformSettingsSchema });
      return isOpen ? "Anybody may make an account." : "Accounts are made by invitation only.";
    },
  },
  "set-plan": {
    usage: `ORG ${planNames.join("|")}`,
    help: "puts an org, by id or exact name, on a plan",
    run: async (ask, [org, plan, ...more]) => {
      if (org === undefined || plan === undefined || more.length > 0) throw wrongArguments();
      const answer = z.strictObject({ orgId: z.string(), name: z.string(), plan: z.enum(planNames) });
      const body = { org, plan: oneOf(plan, planNames) };
      const done = await ask({ path: "/internal/admin/plan", body, answer });
      return `${done.name} (${done.orgId}) is on the plan ${done.plan}.`;
    },
  },
  "clear-allow-list": {
    usage: "ORG",
    help: "lets the members of an org, by id or exact name, in from every address again",
    run: async (ask, args) => {
      const answer = z.strictObject({ orgId: z.string(), name: z.string() });
      const done = await ask({ path: "/internal/admin/clear-allow-list", body: { org: only(args, "ORG") }, answer });
      return `Members of ${done.name} (${done.orgId}) are let in from every address.`;
    },
  },
};

async function readAllOrgs(ask: Ask) {
  const orgs = [];
  for (let after: string | null = null; ; ) {
    const body = { after };
    const page: z.infer<typeof operatedOrgsSchema> = await ask({
      path: "/internal/admin/orgs",
      body,
      answer: operatedOrgsSchema,
    });
    orgs.push(...page.orgs);
    after = page.next;
    if (after === null) return orgs;
  }
}

async function setOperator(ask: Ask, email: string, isOperator: boolean): Promise<string> {
  await ask({ path: "/internal/admin/operators", body: { email, isOperator }, answer: nothing });
  return `${email} is ${isOperator ? "an operator now" : "no operator any more"}.`;
}

function only([first, ...more]: readonly string[], name: string): string {
  if (first === undefined) throw new PlatformCommandError(`${name} is missing. See: quarterdeck admin --help`);
  if (more.length > 0) throw wrongArguments();
  return first;
}

function oneOf<T extends string>(given: string, allowed: readonly T[]): T {
  const found = allowed.find((name) => name === given);
  if (found !== undefined) return found;
  throw new PlatformCommandError(`"${given}" is none of ${allowed.join(", ")}. See: quarterdeck admin --help`);
}

function wrongArguments(): PlatformCommandError {
  return new PlatformCommandError("These are not its arguments. See: quarterdeck admin --help");
}
