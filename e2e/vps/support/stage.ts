import { beforeEach, inject } from "vitest";
import { TestServer } from "./test-server.ts";

export const stage = inject("stage");
export const server = new TestServer(stage.server);

beforeEach(({ onTestFailed }) => {
  onTestFailed(async () => {
    console.error(await server.diagnosis());
  }, 600_000);
});
