import { refuse, type Refused } from "../errors/result.ts";
import { isLimit, type Vector } from "./amounts.ts";

/** Why a vector is no limit of a tree that counts so many resources. */
export function refuseLimit(id: string, limit: Vector, resources: number): Refused | undefined {
  if (limit.length !== resources) {
    return refuse(
      "BAD_REQUEST",
      `the limit of ${id} has ${limit.length} amounts; the tree counts ${resources} resources`,
    );
  }
  for (const amount of limit) {
    if (isLimit(amount)) continue;
    return refuse(
      "BAD_REQUEST",
      `a limit of ${id} must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, or none, not ${amount}`,
    );
  }
  return undefined;
}

export function unknownNode(id: string): Refused {
  return refuse("NOT_FOUND", `there is no node ${id}`);
}

export function unknownParent(id: string, parentId: string | null): Refused {
  return refuse("NOT_FOUND", `${id} cannot be added below ${parentId}: there is no such node`);
}

export function knownNode(id: string): Refused {
  return refuse("CONFLICT", `${id} is in the tree already`);
}

export function cycleAt(id: string): Refused {
  return refuse("BAD_REQUEST", `${id} cannot be moved below itself`);
}

export function noRoomToMove(id: string, ancestorId: string): Refused {
  return refuse("QUOTA_EXCEEDED", `what ${id} holds does not fit into ${ancestorId}`);
}

export function hasChildren(id: string, children: number): Refused {
  return refuse("CONFLICT", `${id} has ${children} nodes below it; remove or move them first`);
}

export function holdsSomething(id: string): Refused {
  return refuse("CONFLICT", `${id} still holds something; wait or release it first`);
}
