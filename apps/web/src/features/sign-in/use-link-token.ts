import { useLocation } from "@tanstack/react-router";

/** The token of the link that was opened. It stands behind the #, which browsers send to nobody. */
export function useLinkToken(): string | null {
  const hash = useLocation({ select: (location) => location.hash });
  return new URLSearchParams(hash).get("token");
}
