import "./zod-without-eval.ts";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queryClient } from "./api/query-client.ts";
import { applyLanguage, startI18n } from "./i18n/i18n.ts";
import { router } from "./routes/router.ts";
import "./main.css";

const root = document.querySelector("#root");
if (root === null) throw new Error("index.html has no #root");
await startI18n();
applyLanguage(document.documentElement);
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
