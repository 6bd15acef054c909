/** A name that a person made: isolated, so that its direction never turns the text around it. */
export function Name({ children, className }: { children: string; className?: string }) {
  return (
    <bdi className={className} title={children.length > 24 ? children : undefined}>
      {children}
    </bdi>
  );
}
