import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../ui/Button.tsx";
import { TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { invitationToken } from "./invitation-token.ts";

/** Leads from the link of an invitation, which somebody pastes, to what it offers. */
export function OpenInvitation() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [link, setLink] = useState("");
  const [isWrong, setIsWrong] = useState(false);
  const open = () => {
    const token = invitationToken(link);
    setIsWrong(token === null);
    if (token !== null) void navigate({ to: "/invitations/accept", hash: `token=${token}` });
  };
  return (
    <Form
      isBusy={false}
      onSubmit={open}
      problem={undefined}
      footer={
        <Button type="submit" variant="primary" className="self-end">
          {t("invitations.open.submit")}
        </Button>
      }
    >
      <TextField
        label={t("invitations.open.link")}
        required
        autoComplete="off"
        dir="ltr"
        value={link}
        onChange={(event) => setLink(event.target.value)}
        hint={t("invitations.open.hint")}
        error={isWrong ? t("invitations.open.wrong") : undefined}
      />
    </Form>
  );
}
