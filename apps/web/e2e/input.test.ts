import { toBase64 } from "@quarterdeck/core/base64";
import type { RunId, ServerId } from "@quarterdeck/core/ids";
import { decodeFrame, encodeFrame } from "@quarterdeck/core/protocol/codec";
import { openContent, type ContentKey } from "@quarterdeck/core/protocol/content-sealing";
import { relayToViewerSchema, type RelayToViewer } from "@quarterdeck/core/protocol/relay-to-viewer";
import { featuresText } from "@quarterdeck/core/protocol/viewer-features";
import type { ViewerToRelay } from "@quarterdeck/core/protocol/viewer-to-relay";
import { expect, it } from "vitest";
import { newTaskId, setUp, type TestClient } from "./support/client.ts";
import { startQuarterdeck } from "./support/quarterdeck.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { waitFor } from "./support/wait-for.ts";

const writer = "e2e";

/** Somebody who types into one run and watches what it prints. */
class Typist {
  hasEnded = false;
  readonly states: Extract<RelayToViewer, { type: "inputState" }>[] = [];
  readonly #socket: WebSocket;
  readonly #runId: RunId;
  readonly #keys: readonly ContentKey[];
  readonly #pieces: Extract<RelayToViewer, { type: "output" }>[] = [];

  private constructor(socket: WebSocket, runId: RunId, keys: readonly ContentKey[]) {
    this.#socket = socket;
    this.#runId = runId;
    this.#keys = keys;
    socket.addEventListener("message", ({ data }) => {
      const frame = decodeFrame(relayToViewerSchema, String(data));
      if (!frame.ok) throw new Error(frame.error.message);
      for (const one of frame.value.type === "batch" ? frame.value.frames : [frame.value]) this.#take(one);
    });
  }

  static async open(client: TestClient, url: string, run: { serverId: ServerId; runId: RunId }): Promise<Typist> {
    const { serverId, runId } = run;
    const wish = { serverId, telemetry: false, runIds: [runId], inputRunIds: [runId] };
    const { path, ticket, contentKeys } = await client.api.servers.viewerTicket.mutate(wish);
    const address = new URL(path, url.replace(/^http/, "ws"));
    address.searchParams.set("ticket", ticket);
    address.searchParams.set("features", featuresText());
    const socket = new WebSocket(address);
    const typist = new Typist(socket, runId, contentKeys.find((of) => of.runId === runId)?.keys ?? []);
    await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
    typist.#send({ type: "watchOutput", runId, fromOffset: 0 });
    return typist;
  }

  type(seq: number, text: string, isEnd = false): void {
    const data = toBase64(new TextEncoder().encode(text));
    this.#send({ type: "input", runId: this.#runId, writer, seq, data, keyEpoch: null, isEnd });
  }

  /** All that was printed so far, opened. */
  async output(): Promise<string> {
    let text = "";
    for (const { offset, data, isEnd } of this.#pieces) {
      const opened = await openContent(
        data,
        { runId: this.#runId, place: { kind: "output", offset, isEnd } },
        this.#keys,
      );
      if (!opened.ok) throw new Error(opened.error.message);
      text += new TextDecoder().decode(opened.value);
    }
    return text;
  }

  close(): void {
    this.#socket.close();
  }

  #take(frame: RelayToViewer): void {
    if (frame.type === "inputState") this.states.push(frame);
    if (frame.type !== "output") return;
    this.#pieces.push(frame);
    this.hasEnded ||= frame.isEnd;
  }

  #send(frame: ViewerToRelay): void {
    this.#socket.send(encodeFrame(frame));
  }
}

it("takes what is typed to a program on the server, prints its answer, and says what became of each piece", {
  timeout: 120_000,
}, async () => {
  using data = temporaryFolder();
  const quarterdeck = await startQuarterdeck({ dataDir: data.path });
  try {
    const client = await setUp(quarterdeck);
    const workspaceId = await client.workspaceId();
    const [server] = await client.api.servers.list.query();
    if (!server) throw new Error("no server");
    const taskId = newTaskId();
    const params = { program: "cat", args: [], input: true };
    await client.api.tasks.submit.mutate({ taskId, workspaceId, projectId: null, action: "exec", params });
    const { runId } = await client.waitUntil(taskId, (task) => task.state === "running");
    const typist = await Typist.open(client, quarterdeck.url, { serverId: server.serverId, runId });
    // The report of its start may come before it has opened its input: then the first piece is sent again.
    await waitFor(
      async () => {
        if (typist.states.at(-1)?.code === null) return true;
        typist.type(1, "hello\n");
        return undefined;
      },
      { what: "the first piece to be taken" },
    );
    await waitFor(async () => (await typist.output()) === "hello\n" || undefined, { what: "the echo" });
    typist.type(2, "and ");
    typist.type(3, "goodbye\n", true);
    expect(await client.waitUntil(taskId, (task) => task.state === "ended")).toMatchObject({ verdict: "succeeded" });
    await waitFor(async () => typist.hasEnded || undefined, { what: "the end of the output" });
    expect(await typist.output()).toBe("hello\nand goodbye\n");
    typist.type(4, "too late\n");
    await waitFor(async () => typist.states.at(-1)?.code === "ALREADY_ENDED" || undefined, { what: "the refusal" });
    typist.close();
    await client.close();
  } finally {
    await quarterdeck.stop();
  }
});
