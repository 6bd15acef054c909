import type { OrgScope } from "../../../apps/api/src/auth/scope.ts";
import type { ProjectId, RunId, TaskId, WorkspaceId } from "@quarterdeck/core/ids";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { KeyChange } from "../../../apps/api/src/keys/key-change.ts";
import type { Machine } from "../world/machine.ts";
import { SimProcess } from "../world/sim-process.ts";
import type { ApiService } from "./api-service.ts";
import type { ShippedApi } from "./shipped-api.ts";
import type { ProgramPlan } from "./truth.ts";

export interface Place {
  readonly scope: OrgScope;
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId;
  /** Where its files are. */
  readonly machine: string;
}

export interface Submitted {
  readonly taskId: TaskId;
  readonly place: Place;
  readonly plan: ProgramPlan;
  /** What it is to follow. */
  after: Submitted | null;
  runId: RunId | null;
  cancelAskedAtMs: number | null;
  /** When the platform said that it would end it. */
  cancelAnsweredAtMs: number | null;
}

const patienceMs = 4000;

/** People and scripts: they ask again until they are answered, as the console does. */
export class Client {
  readonly submitted: Submitted[] = [];
  readonly process: SimProcess;
  readonly #api: ApiService;
  readonly #shipped: ShippedApi;

  constructor(machine: Machine, api: ApiService, shipped: ShippedApi) {
    this.process = new SimProcess(machine, "client");
    this.#api = api;
    this.#shipped = shipped;
  }

  /** What was asked for and has not been answered yet. */
  pending = 0;

  submit(
    place: Place,
    plan: ProgramPlan,
    { after = null, isDetached = true }: { after?: Submitted | null; isDetached?: boolean } = {},
  ): Submitted {
    const { world } = this.process.machine;
    const taskId = this.#shipped.makeId("task", Math.floor(world.wallMs), world.random.bytes(16));
    const task: Submitted = {
      taskId,
      place,
      plan,
      after,
      runId: null,
      cancelAskedAtMs: null,
      cancelAnsweredAtMs: null,
    };
    this.submitted.push(task);
    const { scope, workspaceId, projectId } = place;
    const text = JSON.stringify({ orgId: scope.orgId, orderKey: projectId, plan });
    const submitOnce = async () => {
      const view = await this.#api.call("client", (runtime) =>
        this.#shipped.submitTask(runtime, scope, {
          taskId,
          workspaceId,
          projectId,
          action: "exec",
          params: { program: "node", args: ["plan", text] },
          secretInput: null,
          priority: "normal",
          after: task.after === null ? [] : [task.after.taskId],
          isParallel: false,
          demand: null,
          isDetached,
        }),
      );
      task.runId = view.runId;
      world.trace("submitted", `${taskId} ${view.runId}`);
    };
    this.#untilAnswered("submit", () =>
      submitOnce().catch((error: unknown) => {
        // It was not taken, because the other one has failed: the person submits it without.
        if (error instanceof QuarterdeckError && error.code === "DEPENDENCY_FAILED") task.after = null;
        throw error;
      }),
    );
    return task;
  }

  cancel(task: Submitted): void {
    task.cancelAskedAtMs ??= this.process.machine.world.timeline.nowMs;
    this.#untilAnswered("cancel", async () => {
      if (task.runId === null) throw new Error("not submitted yet");
      await this.#api.call("client", (runtime) => this.#shipped.cancelTask(runtime, task.place.scope, task.taskId));
      task.cancelAnsweredAtMs = this.process.machine.world.timeline.nowMs;
    });
  }

  /** The operator changes the platform's keys: looks what there is, and asks for the change once. */
  changeKeys(change: KeyChange): void {
    let isAsked = false;
    this.#untilAnswered("keys", async () => {
      const { version } = await this.#api.call("client", (runtime) => this.#shipped.readKeyStatus(runtime));
      if (!isAsked) this.#changeKeysOf(version, change);
      isAsked = true;
    });
  }

  /** What is not answered may have happened. */
  #changeKeysOf(fromVersion: number, change: KeyChange): void {
    const { world } = this.process.machine;
    void this.process.run(() =>
      this.#api
        .call("client", (runtime) => this.#shipped.changeKeys(runtime, { change, fromVersion, isForced: false }))
        .then(
          ({ version }) => world.trace("keys", `${change}: version ${version}`),
          (error: unknown) => world.trace("keys", `${change}: ${error instanceof Error ? error.message : "failed"}`),
        ),
    );
  }

  #untilAnswered(what: string, ask: () => Promise<void>): void {
    this.pending++;
    const { world } = this.process.machine;
    const attempt = () => {
      let isOver = false;
      const again = (error: unknown) => {
        if (isOver) return;
        isOver = true;
        if (error instanceof QuarterdeckError && error.code !== "INTERNAL" && error.code !== "RELAY_UNAVAILABLE")
          world.trace("client refused", `${what} ${error.code} ${error.message}`);
        this.process.after(300, attempt);
      };
      this.process.after(patienceMs, () => again(new Error("no answer")));
      ask().then(() => {
        if (isOver) return;
        isOver = true;
        this.pending--;
      }, again);
    };
    this.process.run(attempt);
  }
}
