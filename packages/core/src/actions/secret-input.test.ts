import { expect, test } from "vitest";
import { environmentSchema, secretInputBytes, secretInputSchema, takesSecretInput } from "./secret-input.ts";

const isAccepted = (name: string) => environmentSchema.safeParse({ [name]: "x" }).success;

test("variables that load code, or that the bridge sets, are refused in any letter case [S4]", () => {
  const names = [
    "LD_PRELOAD",
    "ld_library_path",
    "NODE_OPTIONS",
    "BASH_ENV",
    "GIT_SSH_COMMAND",
    "PYTHONPATH",
    "PERL5OPT",
  ];
  const more = [
    "npm_config_ignore_scripts",
    "DYLD_INSERT_LIBRARIES",
    "GCONV_PATH",
    "PATH",
    "HOME",
    "QUARTERDECK_RUN_ID",
  ];
  const options = [
    "GOFLAGS",
    "MAKEFLAGS",
    "RUSTC_WRAPPER",
    "PIP_PYTHON",
    "PYTEST_ADDOPTS",
    "pnpm_config_x",
    "EDITOR",
    "CC",
  ];
  for (const name of [...names, ...more, ...options]) expect([name, isAccepted(name)]).toEqual([name, false]);
  for (const name of [
    "API_TOKEN",
    "lower",
    "_X",
    "NODE_ENV",
    "CI",
    "LDAP_URL",
    "PIP_INDEX_URL",
    "GOPROXY",
    "CARGO_TERM_COLOR",
  ])
    expect([name, isAccepted(name)]).toEqual([name, true]);
  for (const name of ["", "1A", "A B", "A=B", "A\0", "É"]) expect([name, isAccepted(name)]).toEqual([name, false]);
});

test("values are text without NUL, and all together are bounded", () => {
  expect(environmentSchema.safeParse({ A: "line\nline" }).success).toBe(true);
  expect(environmentSchema.safeParse({ A: "x\0y" }).success).toBe(false);
  const half = "x".repeat(secretInputBytes / 2);
  expect(secretInputSchema.safeParse({ stdin: half }).success).toBe(true);
  expect(secretInputSchema.safeParse({ stdin: half, environment: { A: half } }).success).toBe(false);
  expect(takesSecretInput("exec")).toBe(true);
  expect(takesSecretInput("git.pull")).toBe(false);
});
