/** What a code means to whoever meets it: may the same request succeed later, and how each transport says it. */
export interface ErrorRule {
  readonly retryable: boolean;
  readonly httpStatus: number;
  /** The WebSocket close code, where the error ends a connection. */
  readonly closeCode?: number;
}

/** The one table of error codes. A code is stable: clients match on it, messages are for people. */
export const errorCodes = {
  BAD_REQUEST: { retryable: false, httpStatus: 400 },
  INVALID_NAME: { retryable: false, httpStatus: 400 },
  INVALID_GIT_URL: { retryable: false, httpStatus: 400 },
  PROGRAM_NOT_ALLOWED: { retryable: false, httpStatus: 400 },
  ARGUMENT_NOT_ALLOWED: { retryable: false, httpStatus: 400 },
  UNAUTHENTICATED: { retryable: false, httpStatus: 401, closeCode: 4401 },
  WRONG_CREDENTIALS: { retryable: false, httpStatus: 401 },
  WRONG_CODE: { retryable: false, httpStatus: 401 },
  PASSKEY_REFUSED: { retryable: false, httpStatus: 401 },
  STEP_UP_REQUIRED: { retryable: false, httpStatus: 403 },
  TOKEN_INVALID: { retryable: false, httpStatus: 401, closeCode: 4401 },
  TOKEN_EXPIRED: { retryable: false, httpStatus: 401, closeCode: 4401 },
  TOKEN_USED: { retryable: false, httpStatus: 401, closeCode: 4401 },
  FORBIDDEN: { retryable: false, httpStatus: 403 },
  ORIGIN_REFUSED: { retryable: false, httpStatus: 403 },
  ADDRESS_REFUSED: { retryable: false, httpStatus: 403 },
  MFA_REQUIRED: { retryable: false, httpStatus: 403 },
  NO_ORG: { retryable: false, httpStatus: 403 },
  REVOKED: { retryable: false, httpStatus: 403, closeCode: 4403 },
  NOT_FOUND: { retryable: false, httpStatus: 404 },
  CONFLICT: { retryable: false, httpStatus: 409 },
  CONFIRMATION_NEEDED: { retryable: false, httpStatus: 409 },
  SHARE_WITHDRAWN: { retryable: false, httpStatus: 403 },
  NAME_TAKEN: { retryable: false, httpStatus: 409 },
  ORG_CHANGED: { retryable: false, httpStatus: 409 },
  ORG_CLOSING: { retryable: false, httpStatus: 409 },
  NOT_READY: { retryable: true, httpStatus: 409 },
  ALREADY_ENDED: { retryable: false, httpStatus: 409 },
  SUPERSEDED: { retryable: false, httpStatus: 409, closeCode: 4009 },
  TOO_LARGE: { retryable: false, httpStatus: 413, closeCode: 1009 },
  RATE_LIMITED: { retryable: true, httpStatus: 429, closeCode: 4429 },
  VERSION_UNSUPPORTED: { retryable: false, httpStatus: 400, closeCode: 4406 },
  PROTOCOL_VIOLATION: { retryable: true, httpStatus: 400, closeCode: 4400 },
  HANDSHAKE_TIMEOUT: { retryable: true, httpStatus: 408, closeCode: 4408 },
  TICKET_EXPIRED: { retryable: true, httpStatus: 401, closeCode: 4410 },
  SIGNATURE_INVALID: { retryable: false, httpStatus: 400 },
  COMMAND_EXPIRED: { retryable: false, httpStatus: 400 },
  COMMAND_NOT_YET_VALID: { retryable: true, httpStatus: 400 },
  COMMAND_WRONG_TARGET: { retryable: false, httpStatus: 400 },
  COMMAND_UNSUPPORTED: { retryable: false, httpStatus: 400 },
  COMMAND_CONFLICT: { retryable: false, httpStatus: 409 },
  COMMAND_INVALID: { retryable: false, httpStatus: 400 },
  SEALED_PART_INVALID: { retryable: false, httpStatus: 400 },
  CONTENT_UNREADABLE: { retryable: false, httpStatus: 400 },
  POLICY_FORBIDS: { retryable: false, httpStatus: 403 },
  POLICY_UNREADABLE: { retryable: false, httpStatus: 503 },
  SANDBOX_UNAVAILABLE: { retryable: false, httpStatus: 503 },
  QUOTA_EXCEEDED: { retryable: true, httpStatus: 409 },
  SERVER_OFFLINE: { retryable: true, httpStatus: 503 },
  RELAY_UNAVAILABLE: { retryable: true, httpStatus: 503 },
  DISK_FULL: { retryable: true, httpStatus: 507, closeCode: 1013 },
  GIT_FAILED: { retryable: false, httpStatus: 400 },
  ARCHIVE_FAILED: { retryable: false, httpStatus: 400 },
  ARCHIVE_REFUSED: { retryable: false, httpStatus: 400 },
  UPDATE_REFUSED: { retryable: false, httpStatus: 400 },
  UPDATE_FAILED: { retryable: false, httpStatus: 409 },
  // Why a run ended as it did, where its program did not say so itself.
  CANCELLED: { retryable: false, httpStatus: 409 },
  DEPENDENCY_FAILED: { retryable: false, httpStatus: 409 },
  TIMED_OUT: { retryable: true, httpStatus: 408 },
  INTERRUPTED: { retryable: true, httpStatus: 409 },
  CUT_OFF: { retryable: false, httpStatus: 409 },
  JOURNAL_DAMAGED: { retryable: false, httpStatus: 409 },
  LEASE_EXPIRED: { retryable: false, httpStatus: 409 },
  BRIDGE_STATE_LOST: { retryable: false, httpStatus: 409 },
  START_FAILED: { retryable: false, httpStatus: 400 },
  OUT_OF_MEMORY: { retryable: false, httpStatus: 409 },
  TASKS_LIMIT: { retryable: false, httpStatus: 409 },
  LIMITS_UNAVAILABLE: { retryable: true, httpStatus: 503 },
  INTERNAL: { retryable: true, httpStatus: 500, closeCode: 1011 },
} as const satisfies Record<string, ErrorRule>;

export type ErrorCode = keyof typeof errorCodes;

/** What the table says of a code. */
export function errorRule(code: ErrorCode): ErrorRule {
  return errorCodes[code];
}
