import { testConfig } from "@quarterdeck/scripts/vitest-config";

const { test, ...config } = testConfig({ name: "api", mostlyWaits: true });
const { include, ...common } = test ?? {};

/** They put broken modules in the place of shipped ones, which no other file may see. */
const replacingModules = ["test/tenancy-broken.test.ts"];

// Loading the API takes a second for each file that gets a worker of its own, so files share one.
export default {
  ...config,
  test: {
    ...common,
    projects: [
      { extends: true, test: { name: "shared", isolate: false, include, exclude: replacingModules } },
      { extends: true, test: { name: "alone", include: replacingModules } },
    ],
  },
};
