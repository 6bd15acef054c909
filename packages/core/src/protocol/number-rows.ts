import * as z from "zod";
import { limits } from "./limits.ts";

/**
 * Rows of whole numbers, one after the other in time: the first stands for itself, in each further one a number is the
 * difference to the row before (PROTOCOL 11.8).
 */
export const numberRowsSchema = z.array(z.array(z.int())).min(1).max(limits.historySamplesPerFrame);
export type NumberRows = readonly (readonly number[])[];

/** About the most numbers in one group, so that a frame can hold it whatever they are. */
const numbersPerGroup = 12_000;

/** How many rows of a width go into one group. */
export function rowsPerGroup(width: number): number {
  return Math.max(1, Math.min(limits.historySamplesPerFrame, Math.floor(numbersPerGroup / width)));
}

/** A row as it stands in a group behind another one. */
export function rowAfter(before: readonly number[], row: readonly number[]): number[] {
  return row.map((number, index) => number - (before[index] ?? 0));
}

/** The rows as they were before they were written. */
export function unpackRows(rows: NumberRows): number[][] {
  let before: readonly number[] = [];
  return rows.map((row) => {
    const whole = row.map((number, index) => number + (before[index] ?? 0));
    before = whole;
    return whole;
  });
}

/** Whether every row has the width, and every number is one that can be counted. It makes nothing of them: a relay asks this of every frame. */
export function areReadable(rows: NumberRows, width: number): boolean {
  const sums: number[] = [];
  return rows.every(
    (row) =>
      row.length === width &&
      row.every((number, index) => {
        const sum = (sums[index] ?? 0) + number;
        sums[index] = sum;
        return sum >= 0 && Number.isSafeInteger(sum);
      }),
  );
}
