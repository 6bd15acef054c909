import { initTRPC, TRPCError, type TRPC_ERROR_CODE_KEY } from "@trpc/server";
import { errorRule, type ErrorCode } from "@quarterdeck/core/errors/codes";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { recordRefusal } from "./audit/refusals.ts";
import { isAllowed, type Permission } from "./auth/permissions.ts";
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
  | { readonly scope: "org"; readonly permission: Permission };

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
  const { account, address, sessionToken, sinceAuthMs } = ctx;
  if (account === null || sessionToken === null) throw notSignedIn();
  const scope: AccountScope = { ...account, address, sessionToken, sinceAuthMs };
  return next({ ctx: { scope } });
});

const orgBase = base.use(async ({ ctx, meta, path, next }) => {
  const { runtime, caller, address, sessionToken, sinceAuthMs } = ctx;
  if (caller === null || sessionToken === null) throw notSignedIn();
  const scope: OrgScope = { ...caller, address, sessionToken, sinceAuthMs };
  if (meta === undefined || meta.permission === null || !isAllowed(caller.role, meta.permission)) {
    await recordRefusal(runtime, scope, { path, code: "FORBIDDEN" });
    throw new QuarterdeckError("FORBIDDEN", `Your role in this org (${caller.role}) does not allow this.`);
  }
  const result = await next({ ctx: { scope } });
  if (!result.ok && result.error.cause instanceof QuarterdeckError) {
    await recordRefusal(runtime, scope, { path, code: result.error.cause.code });
  }
  return result;
});

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
