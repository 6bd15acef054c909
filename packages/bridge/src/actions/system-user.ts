/** A user of the machine. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}
