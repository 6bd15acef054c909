import { initTRPC, TRPCError, type TRPC_ERROR_CODE_KEY } from "@trpc/server";
import { errorRule, type ErrorCode } from "@quarterdeck/core/errors/codes";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { recordRefusal } from "./audit/refusals.ts";
import { checkNotClosing } from "./orgs/closing.ts";
import { isAllowed, type Permission } from "./auth/permissions.ts";
import { requireAdmission } from "./auth/require-admission.ts";
import type { AccountScope, OrgScope } from "./auth/scope.ts";
import type { Context } from "./context.ts";
import { describeError, type ErrorDescription } from "./error-description.ts";

/**
 * What each procedure must declare: whose data it touches, and what its caller must be allowed to. `public` procedures
 * need no session and may touch no org's data; those of an account touch what is its own.
 */
export type Declaration =
  | { readonly scope: "public"; readonly permission: null }
  | { readonly scope: "account"; readonly permission: null }
  | {
      readonly scope: "org";
      readonly permission: Permission;
      /** A mutation that is allowed while the org waits to be deleted. */
      readonly worksWhileClosing?: true;
    };

const t = initTRPC
  .context<Context>()
  .meta<Declaration>()
  .create({
    isDev: false,
    errorFormatter({ shape, error, path }) {
      const description = describeError(error);
      return {
        code: shape.code,
        message: description.message,
        data: { ...description, path: path ?? null } satisfies ErrorDescription & { path: string | null },
      };
    },
  });

const trpcCodes: Readonly<Record<number, TRPC_ERROR_CODE_KEY>> = {
  400: "BAD_REQUEST",
  401: "UNAUTHORIZED",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  408: "TIMEOUT",
  409: "CONFLICT",
  413: "PAYLOAD_TOO_LARGE",
  429: "TOO_MANY_REQUESTS",
  503: "SERVICE_UNAVAILABLE",
};

export function trpcError(code: ErrorCode, message: string, cause?: unknown): TRPCError {
  const error = cause instanceof QuarterdeckError ? cause : new QuarterdeckError(code, message);
  return new TRPCError({
    code: trpcCodes[errorRule(code).httpStatus] ?? "INTERNAL_SERVER_ERROR",
    message,
    cause: error,
  });
}

const base = t.procedure.use(async ({ ctx, type, next }) => {
  if (ctx.transport === "socket" && type !== "subscription") {
    throw trpcError("BAD_REQUEST", "A socket takes subscriptions only. Send this as a request.");
  }
  if (ctx.transport === "socket") {
    // The calls of an HTTP request were counted together, before the first of them.
    const { refusal } = ctx.runtime.requestRates.charge(ctx, 1);
    if (refusal !== null) throw trpcError(refusal.code, refusal.message, refusal);
  }
  const result = await next();
  if (!result.ok && result.error.cause instanceof QuarterdeckError) {
    const { code, message } = result.error.cause;
    throw trpcError(code, message, result.error.cause);
  }
  return result;
});

const accountBase = base.use(({ ctx, next }) => {
  const { account, address, sessionToken } = ctx;
  if (account === null || sessionToken === null) throw notSignedIn();
  const scope: AccountScope = { ...account, address, sessionToken };
  return next({ ctx: { scope } });
});

const orgBase = base.use(async ({ ctx, meta, path, type, next }) => {
  const { runtime, caller, address, sessionToken } = ctx;
  if (caller === null || sessionToken === null) throw notSignedIn();
  const scope: OrgScope = { ...caller, address, sessionToken };
  await requireAdmission(runtime, caller, address).catch(async (error: unknown) => {
    if (error instanceof QuarterdeckError) await recordRefusal(runtime, scope, { path, code: error.code });
    throw error;
  });
  checkExpectedOrg(ctx.expectedOrgId, scope);
  if (meta === undefined || meta.permission === null || !isAllowed(caller.role, meta.permission)) {
    await recordRefusal(runtime, scope, { path, code: "FORBIDDEN" });
    throw new QuarterdeckError("FORBIDDEN", `Your role in this org (${caller.role}) does not allow this.`);
  }
  if (type === "mutation" && !(meta.scope === "org" && meta.worksWhileClosing)) checkNotClosing(scope);
  const result = await next({ ctx: { scope } });
  if (!result.ok && result.error.cause instanceof QuarterdeckError) {
    await recordRefusal(runtime, scope, { path, code: result.error.cause.code });
  }
  return result;
});

/** A page that shows one org must not change another, because somebody switched to that elsewhere. */
function checkExpectedOrg(expectedOrgId: string | null, { orgId, orgName }: OrgScope): void {
  if (expectedOrgId === null || expectedOrgId === orgId) return;
  throw new QuarterdeckError(
    "ORG_CHANGED",
    `This session works in ${orgName} now. Look at what is there, and try again.`,
  );
}

function notSignedIn(): QuarterdeckError {
  return new QuarterdeckError("UNAUTHENTICATED", "You are not signed in. Sign in and try again.");
}

/** The only way to make a procedure: there is none without a declaration. */
export function procedure(declaration: Extract<Declaration, { scope: "public" }>): typeof base;
export function procedure(declaration: Extract<Declaration, { scope: "account" }>): typeof accountBase;
export function procedure(declaration: Extract<Declaration, { scope: "org" }>): typeof orgBase;
export function procedure(declaration: Declaration): typeof base | typeof accountBase | typeof orgBase {
  if (declaration.scope === "public") return base.meta(declaration);
  return declaration.scope === "account" ? accountBase.meta(declaration) : orgBase.meta(declaration);
}

export const router = t.router;
