import { ServerRefusal } from '../../sync/transport.ts';

/** Why the server did not do what it was told, as a sentence. */
export function refusedInWords(error: unknown): string {
  if (!(error instanceof ServerRefusal) || error.status === 0) return 'The server does not answer.';
  const { code, detail, retry_after } = error;
  if (code === 'account_closed') return `Your account is closed. ${sentence(detail ?? '')}`.trim();
  if (error.status === 429) return `Too many tries. Wait ${retry_after ?? 60} seconds, then try again.`;
  return sentence(detail || error.errors[0]?.message || 'That was refused');
}

const sentence = (words: string): string => (words === '' || /[.!?…]$/.test(words) ? words : `${words}.`);
