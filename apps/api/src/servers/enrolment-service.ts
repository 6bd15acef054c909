import { nameSchema } from "@quarterdeck/core/actions/names";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { EnrolmentId, ServerId, UserId } from "@quarterdeck/core/ids";
import {
  enrolmentMs,
  enrolRequestSchema,
  type EnrolAnswer,
  type EnrolRequest,
} from "@quarterdeck/core/protocol/enrolment";
import { keyFingerprint, openSigned, sha256Base64Url, type SignedText } from "@quarterdeck/core/protocol/signing";
import { recordAudit } from "../audit/repo.ts";
import { findFirstOrg } from "../auth/repo.ts";
import type { OrgScope, TenantScope } from "../auth/scope.ts";
import { countAttempt } from "../auth/throttle.ts";
import { addressKey } from "../rates/address-key.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import { readTrust } from "../keys/trust.ts";
import { installCommand } from "../install/install-command.ts";
import { freeName } from "../names/free-name.ts";
import { whyNameTaken } from "../names/taken-names.ts";
import { notFound } from "../not-found.ts";
import { isOrgClosing } from "../orgs/repo.ts";
import { enqueue } from "../outbox/repo.ts";
import { serverPlace, whyNoPlace } from "../quotas/counted-places.ts";
import { hashToken, makeToken } from "../random-token.ts";
import type { Runtime } from "../runtime.ts";
import {
  findEnrolment,
  findEnrolmentByToken,
  findServerByKey,
  findThisMachine,
  insertEnrolledServer,
  insertEnrolment,
  listServerNames,
  namedServer,
  type Enrolment,
  type Server,
} from "./repo.ts";
import { enrolmentState } from "./enrolment-list.ts";
import type { EnrolmentView, NewEnrolmentView } from "./views.ts";

const refusalsPerAddress = 60;

/** Makes a single-use token and the command that uses it. */
export async function createEnrolment(runtime: Runtime, scope: OrgScope): Promise<NewEnrolmentView> {
  const { enrolmentId, token, expiresAtMs } = await issueToken(runtime, scope, {
    actor: scope.userId,
    createdBy: scope.userId,
    address: scope.address,
    name: null,
    isThisMachine: false,
  });
  const { origin } = runtime.address;
  const platformFingerprint = runtime.keys.platform.fingerprint;
  const command = `npx --yes ${origin}/install/quarterdeck-bridge.tgz connect --url ${origin} --token ${token} --platform-key ${platformFingerprint}`;
  return {
    enrolmentId,
    installCommand:
      runtime.release === null ? null : installCommand(origin, { token, fingerprint: platformFingerprint }),
    command,
    expiresAtMs,
    platformFingerprint,
  };
}

/** The token for the machine that the platform itself runs on, unless it has been enrolled. */
export async function enrolThisMachine(
  runtime: Runtime,
  name: string,
): Promise<{ token: string } | { serverId: ServerId }> {
  const orgId = await findFirstOrg(runtime.db);
  if (orgId === null) throw new Error("there is no org: the API has not prepared its first start");
  const existing = await findThisMachine(runtime.db, { orgId });
  if (existing !== null) return { serverId: existing.serverId };
  const { token } = await issueToken(
    runtime,
    { orgId },
    { actor: "platform", createdBy: null, address: null, name, isThisMachine: true },
  );
  return { token };
}

interface TokenRequest {
  readonly actor: string;
  readonly createdBy: UserId | null;
  readonly address: string | null;
  readonly name: string | null;
  readonly isThisMachine: boolean;
}

async function issueToken(
  runtime: Runtime,
  scope: TenantScope,
  { actor, createdBy, address, name, isThisMachine }: TokenRequest,
): Promise<{ enrolmentId: EnrolmentId; token: string; expiresAtMs: number }> {
  const nowMs = runtime.clock.nowMs();
  const enrolmentId = runtime.makeId("enrolment");
  const token = makeToken("qd_enrol");
  const expiresAtMs = nowMs + enrolmentMs;
  await runtime.writer.commit([
    insertEnrolment(scope, {
      enrolmentId,
      tokenHash: hashToken(token),
      name,
      isThisMachine,
      createdBy,
      createdAtMs: nowMs,
      expiresAtMs,
    }),
    recordAudit(
      runtime,
      {
        orgId: scope.orgId,
        actor,
        address,
        action: "enrolment.create",
        subject: enrolmentId,
        outcome: "done",
        detail: null,
      },
      previousChanged,
    ),
  ]);
  return { enrolmentId, token, expiresAtMs };
}

export async function readEnrolment(
  runtime: Runtime,
  scope: OrgScope,
  enrolmentId: EnrolmentId,
): Promise<EnrolmentView> {
  const enrolment = await findEnrolment(runtime.db, scope, enrolmentId);
  if (enrolment === null) throw notFound("enrolment");
  const { expiresAtMs, serverId } = enrolment;
  return { state: enrolmentState(enrolment, runtime.clock.nowMs()), serverId, expiresAtMs };
}

/**
 * Enrols a server: the bridge proves that it has the key that its token introduces. The same key may ask again when the
 * answer was lost; another key may not.
 */
export async function enrol(runtime: Runtime, request: SignedText, address: string): Promise<SignedText> {
  const opened = await openRequest(request);
  const enrolment = await findEnrolmentByToken(runtime.db, hashToken(opened.token));
  if (enrolment === null) {
    return refuseEnrolment(runtime, {
      enrolment,
      address,
      error: new QuarterdeckError(
        "TOKEN_INVALID",
        "This enrolment token is not known. Copy the whole command from the console, or make a new one there.",
      ),
    });
  }
  const server = await makeServer(runtime, { enrolment, opened, address });
  const answer: EnrolAnswer = {
    requestHash: await sha256Base64Url(request.signed),
    serverId: server,
    orgId: enrolment.orgId,
    platformKeys: runtime.keys.platform.set,
    relayUrl: runtime.address.webSocketOrigin,
  };
  return runtime.keys.platform.sign("enrolAnswer", JSON.stringify(answer));
}

async function openRequest(request: SignedText): Promise<EnrolRequest> {
  const claimed = enrolRequestSchema.safeParse(parseJson(request.signed));
  const refusal = () =>
    new QuarterdeckError(
      "SIGNATURE_INVALID",
      "The enrolment request is not signed with the key that it brings. Update the bridge and try again.",
    );
  if (!claimed.success) throw refusal();
  const opened = await openSigned(request, {
    keys: [claimed.data.publicKey],
    domain: "enrolRequest",
    schema: enrolRequestSchema,
  });
  if (!opened.ok) throw refusal();
  return opened.value;
}

async function makeServer(
  runtime: Runtime,
  { enrolment, opened, address }: { enrolment: Enrolment; opened: EnrolRequest; address: string },
): Promise<ServerId> {
  const { db, writer, clock, makeId } = runtime;
  const scope: TenantScope = { orgId: enrolment.orgId };
  const nowMs = clock.nowMs();
  const serverId = makeId("server");
  const { trust, mark: trustMark } = await readTrust(runtime);
  const wish = nameSchema.safeParse(enrolment.name ?? opened.hostname);
  const name = freeName(wish.success ? wish.data : "Server", await listServerNames(db, scope));
  const [, used] = await writer.commit([
    ...insertEnrolledServer(
      scope,
      {
        serverId,
        name,
        isThisMachine: enrolment.isThisMachine,
        publicKey: opened.publicKey,
        keyFingerprint: await keyFingerprint(opened.publicKey),
        sealingKey: opened.sealingKey,
        keysVersion: runtime.keys.platform.set.version,
        trustMark,
      },
      { tokenHash: hashToken(opened.token), nowMs },
    ),
    ...enqueue(
      { serverId, entry: { kind: "register", orgId: scope.orgId, publicKey: opened.publicKey, trust }, nowMs },
      previousChanged,
    ),
    recordAudit(
      runtime,
      {
        orgId: scope.orgId,
        actor: serverId,
        address,
        action: "server.enrol",
        subject: serverId,
        outcome: "done",
        detail: null,
      },
      previousChanged,
    ),
    recordChange(scope, { kind: "server", id: serverId, atMs: nowMs }, previousChanged),
  ]);
  if (used?.rowsChanged === 1) {
    runtime.nudgeOutbox();
    return serverId;
  }
  const now = await findEnrolmentByToken(db, hashToken(opened.token));
  const existing = await findServerByKey(db, scope, opened.publicKey);
  if (existing !== null && now?.serverId === existing.serverId && existing.revokedAtMs === null)
    return existing.serverId;
  if (await isOrgClosing(db, scope)) {
    const message = "The organization is going to be deleted, so no server is connected to it.";
    return refuseEnrolment(runtime, { enrolment, address, error: new QuarterdeckError("ORG_CLOSING", message) });
  }
  const isUsable = now !== null && enrolmentState(now, nowMs) === "waiting" && existing === null;
  // Another server was enrolled under this name meanwhile: it gets the next.
  if (isUsable && (await whyNameTaken(db, namedServer(scope, { serverId, name }), "server")) !== null)
    return makeServer(runtime, { enrolment, opened, address });
  const full = isUsable ? await whyNoPlace(runtime, scope, serverPlace({ orgId: scope.orgId, serverId })) : null;
  return refuseEnrolment(runtime, { enrolment, address, error: full ?? whyUnusable(now, { existing, nowMs }) });
}

function whyUnusable(
  enrolment: Enrolment | null,
  { existing, nowMs }: { existing: Server | null; nowMs: number },
): QuarterdeckError {
  if (existing !== null && existing.revokedAtMs !== null) {
    return new QuarterdeckError(
      "REVOKED",
      `The key of this bridge is that of ${existing.name}, which was removed. Give the bridge another data directory, and connect it with a new command from the console.`,
    );
  }
  if (enrolment !== null && enrolment.usedAtMs !== null) {
    return new QuarterdeckError(
      "TOKEN_USED",
      "This enrolment token has been used. Make a new one in the console: Connect a server.",
    );
  }
  if (enrolment !== null && enrolment.revokedAtMs !== null) {
    return new QuarterdeckError(
      "TOKEN_INVALID",
      "This enrolment token was taken back in the console. Make a new one there: Connect a server.",
    );
  }
  if (enrolment !== null && enrolment.expiresAtMs <= nowMs) {
    return new QuarterdeckError(
      "TOKEN_EXPIRED",
      "This enrolment token has expired; it is valid for 15 minutes. Make a new one in the console: Connect a server.",
    );
  }
  return new QuarterdeckError(
    "CONFLICT",
    "The key of this bridge is enrolled already. Give it another data directory, or start the bridge that is there.",
  );
}

async function refuseEnrolment(
  runtime: Runtime,
  { enrolment, address, error }: { enrolment: Enrolment | null; address: string; error: QuarterdeckError },
): Promise<never> {
  await countAttempt(runtime, [{ key: `enrol|${addressKey(address)}`, most: refusalsPerAddress }]);
  await runtime.writer.commit([
    recordAudit(runtime, {
      orgId: enrolment?.orgId ?? null,
      actor: "anonymous",
      address,
      action: "server.enrol",
      subject: enrolment?.enrolmentId ?? null,
      outcome: "refused",
      detail: error.code,
    }),
  ]);
  throw error;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Not of any shape: the schema refuses it.
  }
}
