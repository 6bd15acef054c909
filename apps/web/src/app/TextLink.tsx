import { createLink } from "@tanstack/react-router";
import type { ComponentProps } from "react";
import { classes } from "../ui/classes.ts";

function Anchor({ className, ...props }: ComponentProps<"a">) {
  return <a {...props} className={classes("rounded-sm hover:underline", className)} />;
}

/** A link to another page of the console. */
export const TextLink = createLink(Anchor);
