// Builds the page into dist/, which is committed: `make run` needs no Node. Nothing in the build depends on
// time or place, so that CI can rebuild it and compare.
import { cpSync, createReadStream, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const server = process.env.POSADA_URL ?? "http://127.0.0.1:8080";
const BASEMAP = ["countries-50m.json", "land-110m.json"];
const atlas = (file: string) => fileURLToPath(new URL(`./node_modules/world-atlas/${file}`, import.meta.url));

/** Natural Earth, as files beside the page: the map asks no outside host. */
function basemap(): Plugin {
  let out = "";
  return {
    name: "posada-basemap",
    configResolved: (config) => {
      out = `${config.root}/${config.build.outDir}/basemap`;
    },
    configureServer: (dev) => {
      dev.middlewares.use("/basemap", (req, res, next) => {
        const file = BASEMAP.find((name) => req.url === `/${name}`);
        if (!file) return next();
        res.setHeader("content-type", "application/json");
        createReadStream(atlas(file)).pipe(res);
      });
    },
    writeBundle: () => {
      mkdirSync(out, { recursive: true });
      for (const file of BASEMAP) cpSync(atlas(file), `${out}/${file}`);
    },
  };
}

/** React Aria brings its few words in 34 languages; the page speaks those of the catalogue. */
function onlyOurLanguages(): Plugin {
  const ours = ["en-US"];
  return {
    name: "posada-languages",
    enforce: "pre",
    load: (id) => {
      const language =
        /node_modules\/react-(?:aria|stately|aria-components)\/.*\/intl\/.*?([a-z]{2}-[A-Z]{2})\.m?js$/.exec(id)?.[1];
      return language && !ours.includes(language) ? "export default {};" : null;
    },
  };
}

export default defineConfig({
  plugins: [react(), basemap(), onlyOurLanguages()],
  resolve: { alias: { "~": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: {
    port: 5173,
    proxy: Object.fromEntries(
      ["^(/t/[a-z0-9-]+)?/api/", "^(/t/[a-z0-9-]+)?/live", "^/(health|openapi.json|asyncapi.json|docs)"].map((path) => [
        path,
        { target: server, ws: path.includes("live") },
      ]),
    ),
  },
  build: {
    outDir: "dist",
    target: "es2022",
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    assetsInlineLimit: 0,
    cssCodeSplit: true,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 420,
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
  },
});
