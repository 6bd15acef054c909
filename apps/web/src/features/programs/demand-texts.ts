import { actions } from "@quarterdeck/core/actions/catalogue";
import { taskDemandSchema, type TaskDemand } from "@quarterdeck/core/actions/task-demand";
import { bytesQuantity, cpuQuantity } from "@quarterdeck/core/quota/quantities/quantities";

const quantities = { cpu: cpuQuantity, memory: bytesQuantity } as const;
const names = ["cpu", "memory"] as const;

/** What a person wrote about a run's demand; an empty text leaves it as usual. */
export type DemandTexts = Readonly<Record<(typeof names)[number], string>>;
export type DemandProblems = Readonly<Partial<Record<keyof DemandTexts, string | undefined>>>;

export const noDemandTexts: DemandTexts = { cpu: "", memory: "" };

/** What a run reserves where nothing is written, as it would be written. */
export const usualDemandTexts: DemandTexts = {
  cpu: cpuQuantity.print(actions.exec.demand.cpu),
  memory: bytesQuantity.print(actions.exec.demand.memory),
};

type Read =
  | { readonly ok: true; readonly value: TaskDemand | null }
  | { readonly ok: false; readonly errors: DemandProblems };

/** A demand from what was written, null where nothing was; or what is wrong, by field. */
export function readDemand(texts: DemandTexts): Read {
  const errors: Partial<Record<keyof DemandTexts, string>> = {};
  const demand: TaskDemand = {};
  for (const name of names) {
    const text = texts[name].trim();
    if (text === "") continue;
    const parsed = quantities[name].parse(text);
    const problem = parsed.ok ? problemOf(name, parsed.value) : parsed.error.message;
    if (problem !== null) errors[name] = problem;
    else if (parsed.ok) demand[name] = parsed.value;
  }
  if (Object.keys(errors).length > 0) return { ok: false, errors };
  return { ok: true, value: Object.keys(demand).length === 0 ? null : demand };
}

function problemOf(name: keyof DemandTexts, amount: number): string | null {
  const read = taskDemandSchema.safeParse({ [name]: amount });
  if (read.success) return null;
  const { minValue, maxValue } = taskDemandSchema.shape[name].unwrap();
  const print = (bound: number | null) => quantities[name].print(bound ?? 0);
  return `${name}: write something from ${print(minValue)} to ${print(maxValue)}.`;
}
