import { memo, type CSSProperties } from "react";
import { parseSgr, plain, type SgrStyle } from "./sgr.ts";

function css(style: SgrStyle): CSSProperties {
  const color = style.isInverse ? (style.background ?? "var(--terminal)") : style.color;
  const background = style.isInverse ? (style.color ?? "var(--ink)") : style.background;
  return {
    ...(color === null ? {} : { color }),
    ...(background === null ? {} : { background }),
    ...(style.isBold ? { fontWeight: 600 } : {}),
    ...(style.isDim ? { opacity: 0.7 } : {}),
    ...(style.isItalic ? { fontStyle: "italic" } : {}),
    ...(style.isUnderlined ? { textDecoration: "underline" } : {}),
  };
}

/** One line of terminal text. All of it becomes text nodes: output can never become markup. */
export const AnsiLine = memo(function AnsiLine({ text, style }: { text: string; style: SgrStyle }) {
  const { parts } = parseSgr(text, style);
  return (
    <>
      {parts.map((part, index) =>
        part.style === plain ? (
          part.text
        ) : (
          // The stretches of a line never move
          <span key={index} style={css(part.style)}>
            {part.text}
          </span>
        ),
      )}
    </>
  );
});
