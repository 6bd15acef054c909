import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The Origin header must stay as the browser sent it, or the API refuses what changes something.
const toApi = { target: "http://127.0.0.1:7070", changeOrigin: false, ws: true };

export default defineConfig({
  plugins: [react(), tailwindcss()],
  build: { target: "es2022", sourcemap: false, assetsInlineLimit: 0 },
  server: { host: "127.0.0.1", proxy: { "/trpc": toApi, "/viewer": toApi, "/downloads": toApi } },
});
