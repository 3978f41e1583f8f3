// The real program with data of its own: free ports, a directory under the system's temporary one, ended for certain by its own id.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./until.mjs";

const PROGRAM = process.env.POSADA_BIN ?? fileURLToPath(new URL("../../../target/debug/posada", import.meta.url));
const PASSWORD = "lamp-lit houses by the sea";
const ENDS_WITHIN_MS = 20_000;

export class Server {
  #child = null;
  #address = "127.0.0.1:0";
  #more;

  /** With more of its configuration, as variables of the environment. */
  constructor(more = {}) {
    this.#more = more;
    this.dir = mkdtempSync(join(tmpdir(), "posada-e2e-"));
    // As root the server runs Postgres as somebody else, who has to get through.
    chmodSync(this.dir, 0o755);
  }

  get url() {
    return `http://${this.#address}`;
  }

  #environment() {
    return {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      POSADA_DATA_DIR: join(this.dir, "data"),
      POSADA_HTTP__LISTEN: this.#address,
      POSADA_METRICS__LISTEN: "127.0.0.1:0",
      POSADA_DEMO__ON_FIRST_START: "false",
      ...this.#more,
    };
  }

  /** Starts, or starts again at the same address, and returns when it says that it is ready. */
  async start() {
    const log = openSync(join(this.dir, "log"), "a");
    const child = spawn(PROGRAM, ["serve"], {
      env: this.#environment(),
      cwd: this.dir,
      stdio: ["ignore", "pipe", log],
    });
    this.#child = child;
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      said += text;
    });
    const address = await until("the server to say where it is", () => {
      if (child.exitCode !== null) throw new Error(`the server ended:\n${said}\n${this.log()}`);
      return /ready after .*: http:\/\/(\S+)/.exec(said + this.log())?.[1];
    });
    this.#address = address;
    await until("the server to be ready", async () => (await fetch(`${this.url}/health/ready`).catch(() => null))?.ok);
  }

  log() {
    return readFileSync(join(this.dir, "log"), "utf8").slice(this.logFrom ?? 0);
  }

  /** kill -9. What it wrote before is not read again. */
  async kill() {
    const child = this.#child;
    this.#child = null;
    this.logFrom = readFileSync(join(this.dir, "log"), "utf8").length;
    if (!child || child.exitCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  /** Ends the server and its Postgres, whatever state they are in, and takes their data away. */
  async end() {
    const child = this.#child;
    this.#child = null;
    if (child && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), ENDS_WITHIN_MS);
      await ended;
      clearTimeout(late);
    }
    await this.#endPostgres();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** A server that was killed leaves its Postgres; its id stands in our own data directory. */
  async #endPostgres() {
    const pid = () => {
      try {
        return Number(readFileSync(join(this.dir, "data/postgres/postmaster.pid"), "utf8").split("\n")[0]);
      } catch {
        return 0;
      }
    };
    const running = (id) => {
      try {
        process.kill(id, 0);
        return true;
      } catch {
        return false;
      }
    };
    const id = pid();
    if (!id || !running(id)) return;
    process.kill(id, "SIGINT");
    await until("Postgres to end", () => !running(id));
  }

  /** Runs another command of the program against the running server's data. */
  async command(args, input = "") {
    const child = spawn(PROGRAM, args, { env: this.#environment(), cwd: this.dir, stdio: ["pipe", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
    child.stdin.end(input);
    const [code] = await once(child, "close");
    if (code !== 0) throw new Error(`posada ${args.join(" ")} ended with ${code}:\n${said}`);
  }

  async openCommunity() {
    await this.command(["tenant", "create", "demo", "--name", "Tango abroad", "--public-map", "--open"]);
  }

  /** Somebody who may sign in. `city` is a GeoNames id. */
  async addMember(name, city) {
    const email = `${name.split(" ")[0].toLowerCase()}@posada.example`;
    await this.command(["member", "add", "--tenant", "demo", email, "--name", name, "--city", String(city)], PASSWORD);
    return { name, email, password: PASSWORD };
  }

  /** The API as that member. */
  async as({ email, password }) {
    const session = await this.#ask("POST", "/api/v1/session", { email, password }, { "x-posada-token": "1" });
    const who = { authorization: `Bearer ${session.token}` };
    return {
      get: (path) => this.#ask("GET", path, undefined, who),
      post: (path, body) => this.#ask("POST", path, body, who),
    };
  }

  async #ask(method, path, body, headers) {
    const answer = await fetch(this.url + path, {
      method,
      headers: { "content-type": "application/json", "idempotency-key": crypto.randomUUID(), ...headers },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} was answered with ${answer.status}: ${text}`);
    return JSON.parse(text);
  }
}
