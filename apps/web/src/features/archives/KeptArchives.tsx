import { mostArchivesKept } from "@quarterdeck/core/protocol/archive-report";
import { Pencil } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { IconButton } from "../../ui/IconButton.tsx";
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
  const [isOpen, setIsOpen] = useState(false);
  return (
    <div className="flex flex-wrap items-center gap-2 text-muted">
      {t("archives.keeps.text", { count: keeps })}
      {mayChange && (
        <IconButton label={t("archives.keeps.edit")} onClick={() => setIsOpen(true)} className="size-7">
          <Pencil aria-hidden />
        </IconButton>
      )}
      <Dialog
        isOpen={isOpen}
        onOpenChange={setIsOpen}
        title={t("archives.keeps.edit")}
        description={t("archives.keeps.description")}
      >
        <KeptArchivesForm of={of} keeps={keeps} onDone={() => setIsOpen(false)} />
      </Dialog>
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
      footer={
        <div className="flex justify-end gap-2">
          <Button onClick={onDone}>{t("common.cancel")}</Button>
          <Button type="submit" variant="primary" isBusy={save.isPending}>
            {t("common.save")}
          </Button>
        </div>
      }
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
