import { clsx, type ClassValue } from "clsx";
import { twMerge } from "tailwind-merge";

/** Joins class names; where two of Tailwind's contradict each other, the later one wins. */
export function classes(...values: ClassValue[]): string {
  return twMerge(clsx(values));
}
