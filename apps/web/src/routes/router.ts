import { createRouter } from "@tanstack/react-router";
import { FailedPage } from "../pages/FailedPage.tsx";
import { NotFound } from "../app/NotFound.tsx";
import { routeTree } from "./routes.ts";

export const router = createRouter({
  routeTree,
  defaultPreload: "intent",
  defaultNotFoundComponent: NotFound,
  defaultErrorComponent: FailedPage,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
