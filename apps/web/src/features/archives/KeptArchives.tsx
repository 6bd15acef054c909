import { mostArchivesKept } from "@quarterdeck/core/protocol/archive-report";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { SaveFooter } from "../../ui/SaveFooter.tsx";
import { EditDialog } from "../../ui/EditDialog.tsx";
import type { ArchivesOf } from "./archives-of.ts";
import { useKeepArchives } from "./use-archives.ts";

export interface KeptArchivesProps {
  readonly of: ArchivesOf;
  readonly keeps: number;
  readonly mayChange: boolean;
}

/** How many archives are kept, and for who may decide it the way to change it. */
export function KeptArchives({ of, keeps, mayChange }: KeptArchivesProps) {
  const { t } = useTranslation();
  return (
    <div className="flex flex-wrap items-center gap-2 text-muted">
      {t("archives.keeps.text", { count: keeps })}
      {mayChange && (
        <EditDialog isInLine title={t("archives.keeps.edit")} description={t("archives.keeps.description")}>
          {(close) => <KeptArchivesForm of={of} keeps={keeps} onDone={close} />}
        </EditDialog>
      )}
    </div>
  );
}

function KeptArchivesForm({ of, keeps, onDone }: { of: ArchivesOf; keeps: number; onDone: () => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState(String(keeps));
  const save = useKeepArchives(of, onDone);
  const errors = useFormErrors(save.error);
  return (
    <Form
      isBusy={save.isPending}
      onSubmit={() => save.mutate({ keeps: Number(text) })}
      problem={errors.general}
      footer={<SaveFooter onCancel={onDone} isBusy={save.isPending} />}
    >
      <TextField
        label={t("archives.keeps.number")}
        hint={t("archives.keeps.hint")}
        error={errors.of("keeps")}
        type="number"
        required
        min={1}
        max={mostArchivesKept}
        value={text}
        onChange={({ target }) => setText(target.value)}
      />
    </Form>
  );
}
