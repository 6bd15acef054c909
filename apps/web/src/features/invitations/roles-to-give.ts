/** As somebody can be invited, the least first. */
export const rolesToGive = ["viewer", "developer", "admin", "owner"] as const;
export type GivenRole = (typeof rolesToGive)[number];
