/** The token in what somebody pasted: the link of an invitation, or what stands behind its #; null where there is none. */
export function invitationToken(pasted: string): string | null {
  return /(?:^|#|token=)(qd_invite_[\w-]+)\s*$/.exec(pasted.trim())?.[1] ?? null;
}
