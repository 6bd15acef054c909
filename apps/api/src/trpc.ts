import { initTRPC, TRPCError, type TRPC_ERROR_CODE_KEY } from "@trpc/server";
import { errorRule, type ErrorCode } from "@quarterdeck/core/errors/codes";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { recordRefusal } from "./audit/refusals.ts";
import type * as z from "zod";
import { checkPlace, checkVisible, forbidden, placedIdsIn } from "./auth/check-place.ts";
import { noCaller } from "./auth/no-caller.ts";
import type { Permission } from "./auth/permissions.ts";
import type { PlacedId } from "./auth/reach.ts";
import { mayAnywhere, mayWith, rolesAt, wholeOrg } from "./auth/rights.ts";
import { requireRecentAuth } from "./auth/recent-auth.ts";
import { requireAdmission } from "./auth/require-admission.ts";
import { checkNotClosing } from "./orgs/closing.ts";
import type { AccountScope, OrgScope } from "./auth/scope.ts";
import type { Context } from "./context.ts";
import { describeError, type ErrorDescription } from "./error-description.ts";
import { recordOperatorRead } from "./operator/operator-audit.ts";
import { isOperator } from "./operator/operators-repo.ts";

/**
 * What each procedure must declare: whose data it touches, and what its caller must be allowed to, and where. `public`
 * procedures need no session and may touch no org's data; those of an account touch what is its own, and those of the
 * operator the platform's own.
 */
export type Declaration =
  | { readonly scope: "public"; readonly permission: null }
  | { readonly scope: "account"; readonly permission: null }
  | OperatorDeclaration
  | OrgDeclaration;

interface MayNeedRecentAuth {
  /** It is dangerous: the session's user must have proved lately who they are. */
  readonly needsRecentAuth?: true;
}

interface OperatorDeclaration extends MayNeedRecentAuth {
  readonly scope: "operator";
  readonly permission: null;
}

export interface OrgDeclaration extends MayNeedRecentAuth {
  readonly scope: "org";
  readonly permission: Permission;
  /**
   * Where: `org`, on the org itself (also where nothing is said); `anywhere` in it, for lists that hold only what the caller may
   * see; or at what a field of the input names, of several the first that is given.
   */
  readonly at?: string | readonly string[];
  /** The permission is needed at what that lies in. */
  readonly above?: true;
  /** The field whose id the client makes, so that there need be nothing of that id. */
  readonly makes?: string;
  /** A mutation that is allowed while the org waits to be deleted. */
  readonly worksWhileClosing?: true;
}

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

const base = t.procedure.use(async ({ ctx, meta, type, path, getRawInput, next }) => {
  if (ctx.caller?.isService === true && meta?.scope !== "org" && type === "mutation") throw notForKeys();
  if (ctx.transport === "socket" && type !== "subscription") {
    throw trpcError("BAD_REQUEST", "A socket takes subscriptions only. Send this as a request.");
  }
  if (ctx.transport === "socket") {
    // The calls of an HTTP request were counted together, before the first of them.
    const { refusal } = ctx.runtime.requestRates.charge(ctx, 1);
    if (refusal !== null) throw trpcError(refusal.code, refusal.message, refusal);
  }
  const result = await next();
  if (!result.ok) await recordRefusal(ctx, { declared: meta?.scope, path, type, getRawInput, error: result.error });
  if (!result.ok && result.error.cause instanceof QuarterdeckError) {
    const { code, message } = result.error.cause;
    throw trpcError(code, message, result.error.cause);
  }
  return result;
});

const accountBase = base.use(({ ctx, next }) => {
  const { account, caller, address, sessionToken, sinceAuthMs } = ctx;
  if (caller?.isService === true) throw notForKeys();
  if (account === null || sessionToken === null) throw noCaller(null);
  const scope: AccountScope = { ...account, address, sessionToken, sinceAuthMs };
  return next({ ctx: { scope } });
});

const orgBase = base.use(async ({ ctx, meta, type, getRawInput, next }) => {
  const { runtime, account, caller, address, sessionToken, sinceAuthMs } = ctx;
  if (caller === null || sessionToken === null) throw noCaller(account);
  const scope: OrgScope = { ...caller, address, sessionToken, sinceAuthMs, rolesHere: rolesAt(caller, wholeOrg) };
  await requireAdmission(runtime, caller, address);
  checkExpectedOrg(ctx.expectedOrgId, scope);
  await checkBeforeInput(scope, meta, { db: runtime.db, getRawInput });
  if (type === "mutation" && !(meta?.scope === "org" && meta.worksWhileClosing)) checkNotClosing(scope);
  // At a named place the place comes first: what is not there for somebody is not there with a proof either.
  if (!isPlaced(meta)) checkRecentAuth(scope, meta);
  return next({ ctx: { scope } });
});

function isPlaced(declared: Declaration | undefined): boolean {
  if (declared?.scope !== "org") return false;
  const { at = "org" } = declared;
  return at !== "org" && at !== "anywhere";
}

/** What can be said before the input is known to be one: what the caller may do nowhere, and ids that the caller may not see. */
async function checkBeforeInput(
  scope: OrgScope,
  declared: Declaration | undefined,
  { db, getRawInput }: { db: Context["runtime"]["db"]; getRawInput: () => Promise<unknown> },
): Promise<void> {
  if (declared?.scope !== "org") throw new Error("a procedure of an org without its declaration");
  const { permission, at = "org", makes } = declared;
  const isAllowed = at === "org" ? mayWith(scope, scope.rolesHere, permission) : mayAnywhere(scope, permission);
  if (!isAllowed) throw forbidden(scope.rolesHere, permission);
  if (scope.role === null)
    await checkVisible(db, scope, placedIdsIn(await getRawInput(), makes === undefined ? [] : [makes]));
}

/** A procedure whose permission is needed at what its input names: it has no input without that field. */
interface PlacedBase<Field extends string> {
  input<Schema extends z.ZodType<{ readonly [Name in Field]: PlacedId | null | undefined }>>(
    schema: Schema,
  ): ReturnType<typeof orgBase.input<Schema>>;
}

function placed(declaration: PlacedDeclaration<string>): PlacedBase<string> {
  const { permission, at, above = false } = declaration;
  const fields = typeof at === "string" ? [at] : at;
  return {
    input: (schema) =>
      orgBase
        .meta(declaration)
        .input(schema as never)
        .use(async ({ ctx, input, next }) => {
          const { scope, runtime } = ctx;
          const rolesHere = await checkPlace(runtime.db, scope, { permission, at: fields, above, input });
          checkRecentAuth(scope, declaration);
          // Without grants they are everywhere what they are on the org.
          return scope.grants.length === 0 ? next() : next({ ctx: { scope: { ...scope, rolesHere } } });
        }) as never,
  };
}

const operatorBase = base.use(async ({ ctx, meta, path, type, next }) => {
  const { runtime, account, address, sessionToken, sinceAuthMs } = ctx;
  if (account === null || sessionToken === null) throw noCaller(null);
  const scope: AccountScope = { ...account, address, sessionToken, sinceAuthMs };
  if (!(await isOperator(runtime.db, account.userId))) {
    throw new QuarterdeckError("FORBIDDEN", "Only an operator of this platform may do this.");
  }
  checkRecentAuth(scope, meta);
  const result = await next({ ctx: { scope } });
  // What changes something records itself, in one unit with what it changes.
  if (result.ok && type === "query") await recordOperatorRead(runtime, scope, path);
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

/** After the rights: who may not do it at all is not asked to prove anything. */
function checkRecentAuth(scope: AccountScope, declared: Declaration | undefined): void {
  if (declared !== undefined && "needsRecentAuth" in declared && declared.needsRecentAuth) requireRecentAuth(scope);
}

function notForKeys(): TRPCError {
  return trpcError("FORBIDDEN", "An API key belongs to no person, so it has no account here. Sign in to do this.");
}

interface PlacedDeclaration<Field extends string> extends OrgDeclaration {
  readonly at: Field | readonly Field[];
}

interface UnplacedDeclaration extends OrgDeclaration {
  readonly at?: "org" | "anywhere";
  readonly above?: never;
}

/** The only way to make a procedure: there is none without a declaration. */
export function procedure(declaration: Extract<Declaration, { scope: "public" }>): typeof base;
export function procedure(declaration: Extract<Declaration, { scope: "account" }>): typeof accountBase;
export function procedure(declaration: Extract<Declaration, { scope: "operator" }>): typeof operatorBase;
export function procedure(declaration: UnplacedDeclaration): typeof orgBase;
export function procedure<const Field extends string>(declaration: PlacedDeclaration<Field>): PlacedBase<Field>;
export function procedure(
  declaration: Declaration,
): typeof base | typeof accountBase | typeof operatorBase | typeof orgBase | PlacedBase<string> {
  if (declaration.scope === "public") return base.meta(declaration);
  if (declaration.scope === "account") return accountBase.meta(declaration);
  if (declaration.scope === "operator") return operatorBase.meta(declaration);
  const { at = "org" } = declaration;
  if (at === "org" || at === "anywhere") return orgBase.meta(declaration);
  return placed({ ...declaration, at });
}

export const router = t.router;
