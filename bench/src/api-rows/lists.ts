import { DatabaseSync } from "node:sqlite";
import { percentile } from "../percentile.ts";
import { sendAll } from "../rig/http-load.ts";
import { LoneApi } from "../rig/lone-api.ts";
import { compare, type Row } from "../row.ts";

const rounds = 8;
const perRound = 250;
const atOnce = 4;
const projectsPerOrg = 100;
const orgCounts = { few: 10, many: 10_000 } as const;

/** The console's lists in a database with few orgs and in one with many, in turns. */
export async function measureLists(): Promise<Row[]> {
  await using few = await LoneApi.start();
  await using many = await LoneApi.start();
  const sides = { few, many };
  for (const [name, side] of Object.entries(sides)) {
    await side.kill();
    fill(side, orgCounts[name as keyof typeof orgCounts]);
    await side.begin();
  }
  const rows: Row[] = [];
  for (const [procedure, input] of pages(few, many)) {
    const latencies = { few: [] as number[], many: [] as number[] };
    for (let round = -1; round < rounds; round++) {
      for (const name of ["few", "many"] as const) {
        const side = sides[name];
        const call = { url: side.query(procedure, input[name]), headers: side.headers };
        const { latenciesMs } = await sendAll(
          Array.from({ length: perRound }, () => call),
          atOnce,
        );
        if (round >= 0) latencies[name].push(...latenciesMs);
      }
    }
    rows.push(
      compare({
        what: `${procedure} with ${orgCounts.many} orgs × ${projectsPerOrg} projects, p99`,
        ours: percentile(latencies.many, 0.99),
        peer: percentile(latencies.few, 0.99),
        peerName: `the same with ${orgCounts.few} orgs`,
        unit: "ms",
        bar: 1.3,
        direction: "at most",
        config: { rounds, perRound, atOnce },
      }),
    );
  }
  return rows;
}

function pages(few: LoneApi, many: LoneApi) {
  const both = (input: (side: LoneApi) => unknown) => ({ few: input(few), many: input(many) });
  return [
    ["projects.list", both(({ workspaceId }) => ({ workspaceId }))],
    ["workspaces.list", both(() => undefined)],
    ["servers.list", both(() => undefined)],
    ["tasks.list", both(() => ({}))],
  ] as const;
}

/** Writes orgs with projects and their tasks beside the account's own org, which gets as many. */
function fill({ api, workspaceId, serverId }: LoneApi, orgCount: number): void {
  const database = new DatabaseSync(api.databaseFile);
  database.exec("PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; BEGIN");
  const own = database.prepare(`SELECT "orgId", "userId" FROM members`).get() as
    | { orgId: string; userId: string }
    | undefined;
  if (own === undefined) throw new Error("there is no account");
  const atMs = Date.now();
  const numbered = (prefix: string, number: string) => `'${prefix}_' || printf('%026d', ${number})`;
  const counted = (count: number) => `(SELECT value AS n FROM generate_numbers LIMIT ${count})`;
  const most = orgCount * projectsPerOrg;
  database.exec(
    `CREATE TEMP TABLE generate_numbers AS WITH RECURSIVE up(value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM up WHERE value < ${most}) SELECT value FROM up`,
  );
  database.exec(`INSERT INTO orgs ("orgId", name, "createdAtMs", "claimedAtMs", plan, "contentEpoch")
    SELECT ${numbered("org", "n")}, 'Org ' || n, ${atMs}, ${atMs}, 'enterprise', 1 FROM ${counted(orgCount)}`);
  database.exec(`INSERT INTO servers ("serverId", "orgId", name, "isThisMachine", "publicKey", "keyFingerprint", status, "statusSinceMs", "createdAtMs")
    SELECT ${numbered("srv", "n")}, ${numbered("org", "n")}, 'server', 0, 'key ' || n, '', 'offline', ${atMs}, ${atMs} FROM ${counted(orgCount)}`);
  database.exec(`INSERT INTO workspaces ("workspaceId", "orgId", name, "serverId", "createdAtMs")
    SELECT ${numbered("ws", "n")}, ${numbered("org", "n")}, 'Workspace', ${numbered("srv", "n")}, ${atMs} FROM ${counted(orgCount)}`);
  const project = `"projectId", "orgId", "workspaceId", name, url, state, "cloneTaskId", "testCommand", "createdAtMs"`;
  const projectValues = `'Project ' || (n % ${projectsPerOrg}), 'https://example.org/repository', 'ready', 'task_' || printf('%026d', n), '{"program":"true","args":[]}', ${atMs}`;
  const org = `n / ${projectsPerOrg}`;
  database.exec(`INSERT INTO projects (${project})
    SELECT ${numbered("prj", "n")}, ${numbered("org", org)}, ${numbered("ws", org)}, ${projectValues} FROM ${counted(most)}`);
  const task = `"orgId", "taskId", "workspaceId", "projectId", "serverId", action, effect, params, priority, "bodyHash", "isListed", "submittedBy", "submittedAtMs"`;
  const taskValues = `'exec', 'once', '{"program":"true","args":[]}', 'normal', '', 1, '${own.userId}', ${atMs} + n`;
  database.exec(`INSERT INTO tasks (${task})
    SELECT ${numbered("org", org)}, ${numbered("task", "n")}, ${numbered("ws", org)}, ${numbered("prj", "n")}, ${numbered("srv", org)}, ${taskValues} FROM ${counted(most)}`);
  // The account's own, with other numbers.
  const shifted = `n + 500000000`;
  database.exec(`INSERT INTO projects (${project})
    SELECT ${numbered("prj", shifted)}, '${own.orgId}', '${workspaceId}', ${projectValues} FROM ${counted(projectsPerOrg)}`);
  database.exec(`INSERT INTO tasks (${task})
    SELECT '${own.orgId}', ${numbered("task", shifted)}, '${workspaceId}', ${numbered("prj", shifted)}, '${serverId}', ${taskValues} FROM ${counted(projectsPerOrg)}`);
  const run = `"runId", "orgId", "taskId", "serverId", "commandId", attempt, "outboxPosition", "expiresAtMs", state`;
  database.exec(`INSERT INTO runs (${run})
    SELECT ${numbered("run", "n")}, ${numbered("org", org)}, ${numbered("task", "n")}, ${numbered("srv", org)}, ${numbered("cmd", "n")}, 1, n, 0, 'ended' FROM ${counted(most)}`);
  database.exec(`INSERT INTO runs (${run})
    SELECT ${numbered("run", shifted)}, '${own.orgId}', ${numbered("task", shifted)}, '${serverId}', ${numbered("cmd", shifted)}, 1, n, 0, 'ended' FROM ${counted(projectsPerOrg)}`);
  database.exec("COMMIT");
  database.close();
}
