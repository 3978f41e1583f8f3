// Draws dashboards/posada.json from a real Prometheus that scrapes a real server under a load test, and takes pictures of it.
//
// Grafana is not packaged by Debian; this asks Prometheus what Grafana would ask, over the same range, and draws what it answers with the
// dashboard's own titles, units, thresholds and grid. For eyes: `make dashboard-picture`, then look at docs/pictures/dashboard-*.png.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launch } from "../../tests/e2e/harness/browser.mjs";
import { Server } from "../../tests/e2e/harness/server.mjs";
import { until } from "../../tests/e2e/harness/until.mjs";
import { page } from "./dashboard-page.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const LOADTEST = process.env.LOADTEST_BIN ?? join(root, "target/debug/loadtest");
const SECONDS = Number(process.env.SECONDS_OF_LOAD ?? 120);
const STEP = 2;
const HOST = { email: "host@posada.example", password: "come as you are" };

const metricsPort = await freePort();
const server = new Server({
  POSADA_METRICS__LISTEN: `127.0.0.1:${metricsPort}`,
  POSADA_DEMO__ON_FIRST_START: "true",
  POSADA_DEMO__HOMES: "3000",
});
const children = [];
try {
  await server.start();
  const prometheus = await startPrometheus();
  await until(
    "the demo to have homes",
    async () => (await (await server.as(HOST)).get("/api/v1/me/homes")).items.length > 5,
    120_000,
  );
  const from = Date.now() / 1000;
  await Promise.all([loadtest(), people()]);
  // While people were still there: the last seconds are their leaving.
  const to = Date.now() / 1000 - 5;
  const dashboard = JSON.parse(readFileSync(join(root, "dashboards/posada.json"), "utf8"));
  await fill(dashboard, prometheus, from, to);
  const empty = dashboard.panels.filter(
    (panel) => panel.type !== "row" && panel.answers.every(({ series }) => series.length === 0),
  );
  if (empty.length) throw new Error(`panels without data: ${empty.map((panel) => panel.title).join(", ")}`);
  await takePictures(dashboard, from, to);
} finally {
  for (const child of children.reverse()) {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    }
  }
  await server.end();
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

function run(program, args, options = {}) {
  const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"], ...options });
  children.push(child);
  return child;
}

async function startPrometheus() {
  const dir = join(server.dir, "prometheus");
  mkdirSync(dir);
  const config = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: ["recorded.yml", "alerts.yml"].map((name) => join(root, "dashboards/rules", name)),
    scrape_configs: [{ job_name: "posada", static_configs: [{ targets: [`127.0.0.1:${metricsPort}`] }] }],
  };
  writeFileSync(join(dir, "prometheus.yml"), JSON.stringify(config)); // JSON is YAML
  const url = `http://127.0.0.1:${await freePort()}`;
  const listen = url.slice("http://".length);
  run("prometheus", [
    `--config.file=${dir}/prometheus.yml`,
    `--storage.tsdb.path=${dir}/data`,
    `--web.listen-address=${listen}`,
    "--log.level=error",
  ]);
  await until("Prometheus to be ready", async () => (await fetch(`${url}/-/ready`).catch(() => null))?.ok);
  return url;
}

/** Viewers of one city whose homes change. */
async function loadtest() {
  const args = ["one-city", "--url", server.url, "--metrics", `http://127.0.0.1:${metricsPort}/metrics`];
  const child = run(LOADTEST, [...args, "--viewers", "40", "--rate", "5", "--seconds", String(SECONDS)]);
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`the load test ended with ${code}`);
}

/** Guests who look around and ask, a host who answers, somebody who mistypes. */
async function people() {
  const host = await server.as(HOST);
  const mine = (await host.get("/api/v1/me/homes")).items;
  const guests = await Promise.all(["Gil", "Mia", "Kim"].map(join_));
  const end = Date.now() + SECONDS * 1000;
  for (let n = 0; Date.now() < end; n++) {
    const [guest, home] = [guests[n % guests.length], mine[n % mine.length]];
    const day = (more) => new Date(Date.now() + (10 + n * 4 + more) * 86_400_000).toISOString().slice(0, 10);
    const quietly = (promise) => promise.catch(() => {}); // A refusal is what the dashboard shows.
    await quietly(guest.get(`/api/v1/search?q=${"barcelona".slice(0, 3 + (n % 6))}`));
    await quietly(guest.get("/api/v1/map/names?bbox=41,1.5,42,2.5&zoom=10"));
    await quietly(guest.get(`/api/v1/homes/${home.id}`));
    const stay = await quietly(
      guest.post(`/api/v1/homes/${home.id}/stays`, {
        arrive: day(0),
        leave: day(2),
        guests: 1,
        message: "May we come?",
      }),
    );
    if (stay && n % 3 < 2)
      await quietly(host.post(`/api/v1/stays/${stay.id}/approval`, { terms_version: stay.terms_version }));
    if (stay && n % 3 === 2) await quietly(host.post(`/api/v1/stays/${stay.id}/decline`, {}));
    if (n % 5 === 0) await quietly(guest.get("/api/v1/homes/00000000-0000-0000-0000-000000000000"));
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
}

/** Signs somebody up. */
async function join_(name) {
  const password = `${name} likes long walks`;
  const email = `${name.toLowerCase()}@posada.example`;
  await fetch(`${server.url}/api/v1/accounts`, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": crypto.randomUUID(), "x-posada-token": "1" },
    body: JSON.stringify({ email, password, name, home_city: 3128760, roles: ["traveller"] }),
  });
  return server.as({ email, password });
}

/** Asks what each panel asks. */
async function fill(dashboard, prometheus, from, to) {
  for (const panel of dashboard.panels.filter((one) => one.type !== "row")) {
    panel.answers = [];
    for (const { expr, legendFormat } of panel.targets) {
      const query = expr.replaceAll("$__rate_interval", "15s");
      const asked = new URLSearchParams({ query, start: from, end: to, step: STEP });
      const answer = await (await fetch(`${prometheus}/api/v1/query_range?${asked}`)).json();
      if (answer.status !== "success") throw new Error(`${panel.title}: ${answer.error}`);
      const named = (labels) => legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label) => labels[label] ?? "");
      const series = answer.data.result.map(({ metric, values }) => ({
        name: named(metric).trim(),
        points: values.map(([at, value]) => [at, Number(value)]),
      }));
      panel.answers.push({ series });
    }
  }
}

async function takePictures(dashboard, from, to) {
  const browser = await launch();
  const dir = join(root, "docs/pictures");
  for (const theme of ["dark", "light"]) {
    const tab = await browser.newPage({ viewport: { width: 1600, height: 900 }, colorScheme: theme });
    await tab.setContent(page(dashboard, from, to, theme));
    if (theme === "light") await tab.screenshot({ path: join(dir, "dashboard-light.png") });
    else await tab.screenshot({ path: join(dir, "dashboard-dark.png"), fullPage: true });
  }
  await browser.close();
  rmSync(join(server.dir, "prometheus"), { recursive: true, force: true });
}
