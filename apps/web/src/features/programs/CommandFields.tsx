import { useId } from "react";
import { useTranslation } from "react-i18next";
import { Field, inputClasses, TextField } from "../../ui/Field.tsx";
import { classes } from "../../ui/classes.ts";
import { ArgumentChips } from "./ArgumentChips.tsx";
import { parseArguments } from "./argument-parser.ts";

export interface CommandText {
  readonly program: string;
  readonly line: string;
}

export interface CommandFieldsProps {
  readonly value: CommandText;
  readonly onChange: (value: CommandText) => void;
  /** What the server allows; empty while nobody knows. */
  readonly programs: readonly string[];
  readonly programError?: string | undefined;
  readonly argumentsError?: string | undefined;
}

/** A program and a line of arguments, and below them what will run: an argument vector, never a shell. */
export function CommandFields({ value, onChange, programs, programError, argumentsError }: CommandFieldsProps) {
  const { t } = useTranslation();
  const listId = useId();
  const parsed = parseArguments(value.line);
  const isUnknown = value.program !== "" && programs.length > 0 && !programs.includes(value.program);
  return (
    <>
      <div className="grid gap-3 sm:grid-cols-[12rem_minmax(0,1fr)]">
        <Field
          label={t("runs.form.program")}
          error={programError}
          {...(isUnknown ? { hint: t("runs.form.notAllowed") } : {})}
        >
          {(control) => (
            <>
              <input
                {...control}
                list={listId}
                dir="ltr"
                required
                autoComplete="off"
                autoCapitalize="none"
                spellCheck={false}
                maxLength={255}
                value={value.program}
                onChange={(event) => onChange({ ...value, program: event.target.value.trim() })}
                placeholder="node"
                className={classes(inputClasses, "font-mono")}
              />
              <datalist id={listId}>
                {programs.map((program) => (
                  <option key={program} value={program} />
                ))}
              </datalist>
            </>
          )}
        </Field>
        <TextField
          label={t("runs.form.arguments")}
          dir="ltr"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={value.line}
          onChange={(event) => onChange({ ...value, line: event.target.value })}
          placeholder="-e 'console.log(6 * 7)'"
          error={parsed.ok ? argumentsError : t(`runs.form.problem.${parsed.problem}`)}
          className="font-mono"
        />
      </div>
      {parsed.ok && value.program !== "" && (
        <div>
          <p className="mb-1 text-xs text-muted">{t("runs.form.willRun")}</p>
          <ArgumentChips program={value.program} args={parsed.args} />
        </div>
      )}
    </>
  );
}
