import type { WorkspaceId } from "@quarterdeck/core/ids";
import { Plus } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { NewProjectForm } from "./NewProjectForm.tsx";
import { placeOf, useMay } from "../access/use-may.ts";

export function NewProjectDialog({ workspaceId }: { workspaceId: WorkspaceId }) {
  const { t } = useTranslation();
  const [isOpen, setIsOpen] = useState(false);
  if (!useMay("projects.create", placeOf({ workspaceId }))) return null;
  return (
    <>
      <Button variant="primary" onClick={() => setIsOpen(true)}>
        <Plus aria-hidden />
        {t("projects.create.title")}
      </Button>
      <Dialog
        isOpen={isOpen}
        onOpenChange={setIsOpen}
        title={t("projects.create.heading")}
        description={t("projects.create.description")}
      >
        <NewProjectForm workspaceId={workspaceId} />
      </Dialog>
    </>
  );
}
