import type { AnyProcedure } from "@trpc/server";
import { describe, expect, test } from "vitest";
import { appRouter } from "./app-router.ts";
import { permissionNames } from "./auth/permissions.ts";
import { procedure, type Declaration } from "./trpc.ts";

// At run time the router holds its procedures by their whole path.
const procedures = Object.entries(appRouter._def.procedures as unknown as Record<string, AnyProcedure>);

/** What may be called by everybody. A new one must be added here on purpose. */
const publicProcedures = [
  "auth.state",
  "auth.setUp",
  "auth.signIn",
  "auth.signInWithCode",
  "auth.passkeyOptions",
  "auth.signInWithPasskey",
  "auth.signOut",
  "auth.requestReset",
  "auth.resetPassword",
  "auth.openEmailLink",
  "auth.signUpState",
  "auth.requestSignUp",
  "auth.signUp",
];

describe("every procedure declares its scope and permission [T1][T2]", () => {
  test("there are procedures", () => expect(procedures.length).toBeGreaterThan(20));

  test.each(procedures)("%s", (path, made) => {
    const declaration = made._def.meta as Declaration | undefined;
    expect(declaration).toBeDefined();
    if (declaration?.scope === "public") expect(publicProcedures).toContain(path);
    else if (declaration?.scope === "account" || declaration?.scope === "operator")
      expect(declaration.permission).toBeNull();
    else expect(permissionNames).toContain(declaration?.permission);
  });

  test("one that does not declare them does not compile", () => {
    // @ts-expect-error no declaration
    expect(() => procedure()).toThrow(TypeError);
    // @ts-expect-error no permission
    procedure({ scope: "org" });
    // @ts-expect-error a permission that is not in the table
    procedure({ scope: "org", permission: "servers.steal" });
    // @ts-expect-error public procedures reach no org's data
    procedure({ scope: "public", permission: "servers.read" });
  });
});
