/** Bytes in a kibibyte, a mebibyte and a gibibyte. */
export const kibibyte = 1024;
export const mebibyte = 1024 * kibibyte;
export const gibibyte = 1024 * mebibyte;

/** Milliseconds in a second, a minute, an hour and a day. */
export const secondMs = 1000;
export const minuteMs = 60 * secondMs;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** Millicores in one core. */
export const coreMillicores = 1000;
