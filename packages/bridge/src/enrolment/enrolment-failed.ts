/** Each reason why a server could not be connected, with the exit code that scripts can tell it by. */
export const enrolmentExitCodes = {
  badAddress: 2,
  alreadyEnrolled: 3,
  unreachable: 4,
  wrongFingerprint: 5,
  tokenInvalid: 6,
  tokenExpired: 7,
  tokenUsed: 8,
  untrustedAnswer: 9,
  refused: 10,
} as const;

export type EnrolmentFailure = keyof typeof enrolmentExitCodes;

export class EnrolmentFailed extends Error {
  override readonly name = "EnrolmentFailed";
  readonly failure: EnrolmentFailure;

  constructor(failure: EnrolmentFailure, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.failure = failure;
  }
}
