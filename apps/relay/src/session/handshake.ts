import { accept, refuse, type Result } from "@quarterdeck/core/errors/result";
import type { ServerId } from "@quarterdeck/core/ids";
import type { HelloBody, WelcomeBody } from "@quarterdeck/core/protocol/handshake";
import { limits } from "@quarterdeck/core/protocol/limits";
import { negotiate, protocolRange, type Version } from "@quarterdeck/core/protocol/version";

/** What the relay knows when a hello comes. */
export interface HelloContext {
  readonly serverId: ServerId;
  /** SHA-256 of the challenge that was sent on this very connection. */
  readonly challengeHash: string;
  readonly publicKey: string | null;
  readonly isRevoked: boolean;
}

/** How long a bridge waits whose server the API has not announced yet. */
export const unregisteredRetryMs = 1000;

/** Whether anyone may speak for this server at all; asked before a signature is checked. */
export function checkServer(context: HelloContext): Result<string> {
  if (context.publicKey === null) {
    return refuse("SERVER_OFFLINE", "The platform has not announced this server to the relay yet; connect again.");
  }
  if (context.isRevoked) return refuse("REVOKED", "This server was removed from the platform.");
  return accept(context.publicKey);
}

/** Judges a hello whose signature was verified: it answers this challenge, for this server, in a version we speak. */
export function judgeHello(context: HelloContext, hello: HelloBody): Result<Version> {
  if (hello.serverId !== context.serverId) return refuse("UNAUTHENTICATED", "The hello is for another server.");
  if (hello.challengeHash !== context.challengeHash) {
    return refuse("UNAUTHENTICATED", "The hello does not answer this connection's challenge.");
  }
  const version = negotiate(protocolRange, hello.protocolRange);
  if (!version) {
    const { min, max } = protocolRange;
    const spoken = `${min.major}.${min.minor} to ${max.major}.${max.minor}`;
    return refuse("VERSION_UNSUPPORTED", `This relay speaks protocol ${spoken}. Update the bridge.`);
  }
  return accept(version);
}

/** What a welcome says. */
export function welcomeBody(parts: {
  readonly helloHash: string;
  readonly protocol: Version;
  readonly epoch: number;
  readonly resultsReceived: number;
  readonly spreadMs: number;
  readonly nowMs: number;
}): WelcomeBody {
  return {
    helloHash: parts.helloHash,
    protocol: parts.protocol,
    epoch: parts.epoch,
    received: { results: parts.resultsReceived },
    credit: { outputBytes: limits.outputCreditBytes, results: limits.resultsInFlight },
    heartbeatMs: limits.heartbeatMs,
    spreadMs: parts.spreadMs,
    relayTimeMs: parts.nowMs,
  };
}
