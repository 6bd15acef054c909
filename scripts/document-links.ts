// Links between documents, and from a document to code, name files that exist. Code in a document is not looked at.
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { brokenLinks } from "./broken-links.ts";
import { repositoryRoot } from "./run-command.ts";

const documents = globSync("{*,{docs,apps,packages,bench,fuzz,scripts,simulator}/**/*}.md", {
  cwd: repositoryRoot,
  exclude: (path) => path.includes("node_modules") || path.includes("dist"),
});

let broken = 0;
for (const document of documents) {
  const path = resolve(repositoryRoot, document);
  const targetExists = (target: string) => {
    const file = target.startsWith("/") ? resolve(repositoryRoot, `.${target}`) : resolve(dirname(path), target);
    return !relative(repositoryRoot, file).startsWith("..") && existsSync(file);
  };
  for (const { line, target } of brokenLinks(readFileSync(path, "utf8"), targetExists)) {
    broken += 1;
    console.error(`${document}:${line}: there is no ${target}`);
  }
}
if (documents.length === 0) console.error("no document was looked at");
console.log(`${documents.length} documents, ${broken} broken links`);
if (documents.length === 0 || broken > 0) process.exitCode = 1;
