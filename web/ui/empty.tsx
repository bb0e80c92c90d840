import type { ReactNode } from 'react';

/** A picture from our own shapes, what is true, one next step. */
export function Empty({
  picture,
  title,
  children,
  action,
}: {
  picture: ReactNode;
  title: string;
  children: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="empty">
      <div className="empty-picture" aria-hidden="true">
        {picture}
      </div>
      <h2 className="subtitle">{title}</h2>
      <p>{children}</p>
      {action && <div className="empty-action">{action}</div>}
    </div>
  );
}
