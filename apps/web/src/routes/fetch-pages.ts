import { router } from "./router.ts";

/** Fetches the code of every page ahead, so that pages open also while the platform, which serves it, is away. */
export async function fetchPages(): Promise<void> {
  const chunks = Object.values(router.routesById).map(async (route) => router.loadRouteChunk(route));
  for (const outcome of await Promise.allSettled(chunks)) {
    // It is fetched again when the page is opened, which then says what is wrong.
    if (outcome.status === "rejected") console.warn("a page could not be fetched ahead:", outcome.reason);
  }
}
