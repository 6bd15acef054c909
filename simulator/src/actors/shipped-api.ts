/** Imports the API's modules. The hooks must be registered. */
export async function loadApi() {
  const [schema, ...modules] = await Promise.all([
    import("../../../apps/api/src/db/schema.ts"),
    import("../../../apps/api/src/db/database.ts"),
    import("../../../apps/api/src/db/migrate.ts"),
    import("../../../apps/api/src/writer.ts"),
    import("../../../apps/api/src/outbox/drainer.ts"),
    import("../../../apps/api/src/relay/relay-link.ts"),
    import("../../../apps/api/src/auth/rights-in-use.ts"),
    import("../../../apps/api/src/http/internal-app.ts"),
    import("../../../apps/api/src/tasks/submission-lanes.ts"),
    import("../../../apps/api/src/events/change-signal.ts"),
    import("../../../apps/api/src/events/repo.ts"),
    import("../../../apps/api/src/tasks/submit.ts"),
    import("../../../apps/api/src/tasks/cancel.ts"),
    import("../../../apps/api/src/servers/viewer-ticket.ts"),
    import("../../../apps/api/src/servers/enrolment-service.ts"),
    import("../../../apps/api/src/keys/keys.ts"),
    import("../../../apps/api/src/keys/relay-key.ts"),
    import("../../../apps/api/src/keys/key-service.ts"),
    import("../../../apps/api/src/keys/master-key.ts"),
    import("../../../apps/api/src/keys/secret-box.ts"),
    import("../../../apps/api/src/content/stream-keys.ts"),
    import("../../../apps/api/src/content/seal-command.ts"),
    import("../../../apps/api/src/housekeeping.ts"),
    import("../../../apps/api/src/housekeeping-state.ts"),
    import("@quarterdeck/core/ids"),
    import("@quarterdeck/core/protocol/signing"),
    import("@quarterdeck/core/protocol/hpke"),
  ]);
  return { schema, ...merge(modules) };
}

type Merged<T extends readonly object[]> = T extends readonly [infer First, ...infer Rest extends readonly object[]]
  ? First & Merged<Rest>
  : unknown;

function merge<const T extends readonly object[]>(modules: T): Merged<T> {
  return Object.assign({}, ...modules) as Merged<T>;
}

export type ShippedApi = Awaited<ReturnType<typeof loadApi>>;
