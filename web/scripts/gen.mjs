// Writes src/api/schema.d.ts from the server's OpenAPI document. Run it whenever docs/openapi.json changes.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const document = fileURLToPath(new URL("../../docs/openapi.json", import.meta.url));
const target = fileURLToPath(new URL("../src/api/schema.d.ts", import.meta.url));
const bin = fileURLToPath(new URL("../node_modules/.bin/openapi-typescript", import.meta.url));
if (!existsSync(document)) {
  console.error("docs/openapi.json is missing: write it with `make openapi` first.");
  process.exit(1);
}
execFileSync(bin, [document, "-o", target], { stdio: "inherit" });
