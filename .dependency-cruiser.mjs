// The direction of imports. core imports none of the others; bridge, relay, api and web import core; web takes only the
// type of the router and the table of permissions from api; nobody imports relay or bridge. Tests may cross, because flows do.
const testFiles = "\\.test\\.tsx?$|/(test|e2e)/|^(bench|e2e|fuzz|simulator)/";

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "core-imports-nobody",
      severity: "error",
      from: { path: "^packages/core/src/", pathNot: testFiles },
      to: { path: "^(apps|bench|scripts|packages/(?!core/))" },
    },
    {
      name: "core-does-no-io",
      severity: "error",
      from: { path: "^packages/core/src/", pathNot: testFiles },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "nobody-imports-relay-or-bridge",
      severity: "error",
      from: { path: "^(apps|packages|scripts)/([^/]+)/", pathNot: testFiles },
      to: { path: "^(apps/relay|packages/bridge)/", pathNot: "^$1/$2/" },
    },
    {
      name: "api-imports-only-core",
      severity: "error",
      from: { path: "^apps/api/src/", pathNot: testFiles },
      to: { path: "^apps/(?!api/)" },
    },
    {
      name: "web-takes-only-types-from-api",
      severity: "error",
      from: { path: "^apps/web/src/", pathNot: testFiles },
      // The table of permissions and what is decided with it: data and pure functions, which both sides must read alike.
      to: {
        path: "^apps/api/",
        pathNot: "^apps/api/src/auth/(permissions|rights)\\.ts$",
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "permissions-import-nothing-else",
      severity: "error",
      from: { path: "^apps/api/src/auth/(permissions|rights)\\.ts$" },
      to: { pathNot: "^apps/api/src/auth/permissions\\.ts$", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "lucia-in-one-module",
      severity: "error",
      from: { path: "^(apps|packages)/", pathNot: "^apps/api/src/auth/lucia\\.ts$" },
      to: { path: "node_modules/lucia/" },
    },
    {
      name: "sources-do-not-import-tests",
      severity: "error",
      from: { path: "^(apps|packages)/[^/]+/src/", pathNot: testFiles },
      to: { path: testFiles },
    },
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true, pathNot: "^cloudflare:" } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(apps|packages)/[^/]+/dist/" },
    tsPreCompilationDeps: "specify",
    tsConfig: { fileName: "tsconfig.base.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "types", "default"],
      extensions: [".ts", ".tsx", ".mjs", ".js", ".json", ".css"],
    },
  },
};
