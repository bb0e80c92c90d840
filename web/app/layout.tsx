import type { Metadata, Viewport } from 'next';
import type { ReactNode } from 'react';
import '../styles/tokens.css';
import '../styles/base.css';
import '../styles/shell.css';
import '../styles/list.css';
import '../styles/quick-add.css';
import '../styles/panel.css';
import '../styles/settings.css';
import '../styles/told.css';
import '../styles/ledger.css';
import '../styles/activity.css';
import '../styles/account.css';

export const metadata: Metadata = {
  title: 'TaskMaster',
  description: 'A task manager that is instant, never loses an edit, and remembers everything that happened.',
};
export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  viewportFit: 'cover',
  interactiveWidget: 'resizes-content',
};

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en" suppressHydrationWarning>
      <body>{children}</body>
    </html>
  );
}
