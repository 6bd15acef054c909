import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { decodeFrame } from "@quarterdeck/core/protocol/codec";
import type { VerbHandlers } from "../../../packages/bridge/src/helper/guarded-host.ts";
import { HelperServer } from "../../../packages/bridge/src/helper/helper-server.ts";
import {
  helperLineSchema,
  hostVerbNames,
  hostVerbs,
  requestSchema,
  type HostVerb,
} from "../../../packages/bridge/src/host/host-verbs.ts";
import { mustHold, type FuzzTarget } from "../fuzz-target.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

interface Handled {
  readonly verb: HostVerb;
  readonly params: unknown;
}

const folder = mkdtempSync(join(tmpdir(), "quarterdeck-fuzz-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const socketPath = join(folder, "helper.sock");

/** Tells a helper a text as a daemon would, in two pieces, and closes. The helper remembers what it was made to do, and does nothing. */
async function tellHelper(text: string): Promise<{ handled: Handled[]; answers: string[] }> {
  const handled: Handled[] = [];
  const handle = (verb: HostVerb) => async (params: unknown) => {
    handled.push({ verb, params });
    return {};
  };
  const handlers = Object.fromEntries(hostVerbNames.map((verb) => [verb, handle(verb)])) as unknown as VerbHandlers;
  const helper = new HelperServer({ socketPath, gid: null, handlers, log: quiet });
  await helper.listen();
  const socket = connect(socketPath);
  let said = "";
  socket.setEncoding("utf8").on("data", (data: string) => (said += data));
  socket.on("error", () => undefined); // Cut off while it still spoke; its end is seen by `close`.
  await once(socket, "connect");
  const bytes = Buffer.from(`${text}\n`);
  socket.write(bytes.subarray(0, bytes.length / 2));
  socket.end(bytes.subarray(bytes.length / 2));
  await once(socket, "close");
  helper.close();
  return { handled, answers: said.split("\n").slice(0, -1) };
}

function requestOf(line: string): Handled | undefined {
  const request = decodeFrame(requestSchema, line);
  if (!request.ok) return undefined;
  const { verb } = request.value;
  const params = hostVerbs[verb].params.safeParse(request.value.params);
  return params.success ? { verb, params: params.data } : undefined;
}

/** What a daemon says to its helper (PROTOCOL 17.1): nothing is done that was not asked in full, and nothing after what is malformed. */
const helperLines: FuzzTarget = {
  name: "helper-lines",
  grammar: "json",
  shapes: hostVerbNames.map((verb) => ({ name: verb, isOne: (text) => requestOf(text)?.verb === verb })),
  async check(text) {
    const { handled, answers } = await tellHelper(text);
    const lines = text.split("\n");
    const firstWrong = lines.findIndex((line) => !decodeFrame(requestSchema, line).ok);
    const meant = (firstWrong < 0 ? lines : lines.slice(0, firstWrong)).flatMap((line) => requestOf(line) ?? []);
    mustHold(isDeepStrictEqual(handled, meant), "the helper did something else than it was asked");
    for (const answer of answers) {
      const said = helperLineSchema.safeParse(JSON.parse(answer));
      mustHold(said.success && answer.length <= 4096, "the helper's answer is none, or as long as what it was asked");
    }
  },
};

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The daemon leaves the connection.
  }
}

function answerOf(verb: HostVerb, text: string): unknown {
  const line = helperLineSchema.safeParse(parse(text));
  if (!line.success || !("answer" in line.data)) return undefined;
  return hostVerbs[verb].answer.safeParse(line.data.answer).data;
}

/** What a helper answers: a daemon reads the same from it each time, or nothing. */
const helperAnswers: FuzzTarget = {
  name: "helper-answers",
  grammar: "json",
  shapes: [
    ...hostVerbNames.map((verb) => ({ name: verb, isOne: (text: string) => answerOf(verb, text) !== undefined })),
    { name: "error", isOne: (text) => "error" in (helperLineSchema.safeParse(parse(text)).data ?? {}) },
    { name: "evidence", isOne: (text) => "evidence" in (helperLineSchema.safeParse(parse(text)).data ?? {}) },
  ],
  check(text) {
    for (const verb of hostVerbNames) {
      const answer = answerOf(verb, text);
      if (answer === undefined) continue;
      mustHold(isDeepStrictEqual(hostVerbs[verb].answer.parse(answer), answer), "an answer changes when it is read");
    }
  },
};

export const helperTargets: readonly FuzzTarget[] = [helperLines, helperAnswers];
