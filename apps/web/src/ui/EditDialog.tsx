import { Pencil } from "lucide-react";
import { useState, type ReactNode } from "react";
import { Button } from "./Button.tsx";
import { Dialog, type DialogProps } from "./Dialog.tsx";
import { IconButton } from "./IconButton.tsx";

export interface EditDialogProps extends Pick<DialogProps, "title" | "description" | "isWide"> {
  /** What the button says, where that is less than the dialog's title. */
  readonly label?: string;
  /** In a line of text there is only room for the pencil. */
  readonly isInLine?: boolean;
  /** What to change it with. @param close for when it has been changed, and for who leaves it as it is */
  readonly children: (close: () => void) => ReactNode;
}

/** A pencil, and the dialog behind it in which something is changed. */
export function EditDialog({ label, isInLine = false, children, ...dialog }: EditDialogProps) {
  const [isOpen, setIsOpen] = useState(false);
  const open = () => setIsOpen(true);
  return (
    <>
      {isInLine ? (
        <IconButton label={label ?? dialog.title} onClick={open} className="size-7">
          <Pencil aria-hidden />
        </IconButton>
      ) : (
        <Button onClick={open}>
          <Pencil aria-hidden />
          {label ?? dialog.title}
        </Button>
      )}
      <Dialog {...dialog} isOpen={isOpen} onOpenChange={setIsOpen}>
        {children(() => setIsOpen(false))}
      </Dialog>
    </>
  );
}
