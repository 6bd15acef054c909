import "./zod-without-eval.ts";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queryClient } from "./api/query-client.ts";
import { applyLanguage, startI18n } from "./i18n/i18n.ts";
import { fetchPages } from "./routes/fetch-pages.ts";
import { router } from "./routes/router.ts";
import "./main.css";

/** The page that was asked for comes first. */
const fetchPagesAfterMs = 1500;

const root = document.querySelector("#root");
if (root === null) throw new Error("index.html has no #root");
await startI18n();
applyLanguage(document.documentElement);
setTimeout(() => void fetchPages(), fetchPagesAfterMs);
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
