import type { Permission } from "@quarterdeck/api/permissions";
import type { Place } from "@quarterdeck/api/rights";
import type { ReactNode } from "react";
import { useMay } from "./use-may.ts";

/** What only they see who may do it. */
export function May({
  permission,
  place,
  children,
}: {
  readonly permission: Permission;
  /** Without one, on the org itself. */
  readonly place?: Place;
  readonly children: ReactNode;
}) {
  return useMay(permission, place) ? children : null;
}
