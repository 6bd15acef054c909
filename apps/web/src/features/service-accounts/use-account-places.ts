import type { OrgId, ProjectId, WorkspaceId } from "@quarterdeck/core/ids";
import { mayAt, rolesAt, wholeOrg, type Place } from "@quarterdeck/api/rights";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { usePlaces } from "../members/use-places.ts";

export interface AccountPlace {
  readonly id: OrgId | WorkspaceId | ProjectId;
  readonly place: Place;
  readonly name: string;
  /** Who is an owner there may make keys that do not end. */
  readonly isOwner: boolean;
}

/** The places where who is signed in may manage service accounts. */
export function useAccountPlaces(): AccountPlace[] {
  const { t } = useTranslation();
  const places = usePlaces();
  const orgId = useQuery(trpc.orgs.current.queryOptions()).data?.orgId;
  const rights = useQuery(trpc.members.rights.queryOptions()).data;
  if (orgId === undefined || rights === undefined) return [];
  const all = [{ id: orgId as string, place: wholeOrg, name: t("serviceAccounts.wholeOrg") }, ...places];
  return all
    .filter(({ place }) => mayAt(rights, "serviceAccounts.manage", place))
    .map(({ id, ...rest }) => ({
      ...rest,
      id: id as AccountPlace["id"],
      isOwner: rolesAt(rights, rest.place).includes("owner"),
    }));
}
