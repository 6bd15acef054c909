// Lint rules of this repository's own, loaded by .oxlintrc.json.

const noShell = {
  create: (context) => ({
    Property(node) {
      const name = node.key.name ?? node.key.value;
      if (name === "shell" && node.value.type === "Literal" && node.value.value === true) {
        context.report({ node, message: "A shell reads its arguments as code: pass an argument vector instead." });
      }
    },
  }),
};

const noCurrentDate = {
  create: (context) => ({
    NewExpression(node) {
      if (node.callee.name === "Date" && node.arguments.length === 0) {
        context.report({ node, message: "Time comes in as an argument (clock.ts)." });
      }
    },
  }),
};

export default {
  meta: { name: "quarterdeck" },
  rules: { "no-shell": noShell, "no-current-date": noCurrentDate },
};
