import type { Letter } from './mailer.ts';

/** Every letter that TaskMaster sends. Pure: what they say of people and tasks comes escaped out of here, in both forms. */

interface Part {
  /** One paragraph, or a list, or a button. */
  p?: string;
  strong?: string;
  list?: readonly string[];
  button?: { text: string; url: string };
  small?: string;
}

export interface ReminderLetter {
  title: string;
  /** As the person reads it: `today at 11:30`. */
  due: string;
  late_reason: string | null;
  task_url: string;
  unsubscribe_url: string;
}

export const reminderLetter = ({ title, due, late_reason, task_url, unsubscribe_url }: ReminderLetter): Letter =>
  letter(`Reminder: ${oneLine(title)}`, [
    { strong: title },
    { p: `Due ${due}.` },
    ...(late_reason ? [{ p: late_reason }] : []),
    { button: { text: 'Open the task', url: task_url } },
    { small: `You get this because a reminder is set. Stop reminders by mail: ${unsubscribe_url}` },
  ]);

export interface DigestLetter {
  entries: readonly { title: string; due: string }[];
  late_reason: string | null;
  url: string;
  unsubscribe_url: string;
}

export const digestLetter = ({ entries, late_reason, url, unsubscribe_url }: DigestLetter): Letter =>
  letter(lateOnes(entries.length), [
    { strong: lateOnes(entries.length) },
    ...(late_reason ? [{ p: late_reason }] : []),
    { list: entries.map((entry) => `${oneLine(entry.title)}: ${entry.due}`) },
    { button: { text: 'Open TaskMaster', url } },
    { small: `You get this because reminders are set. Stop reminders by mail: ${unsubscribe_url}` },
  ]);

const lateOnes = (count: number): string => (count === 1 ? 'A reminder came late' : `${count} reminders came late`);

export const verificationLetter = ({ name, url }: { name: string; url: string }): Letter =>
  letter('Is this your address?', [
    {
      p: `${oneLine(name)}, please confirm that this address is yours. Reminders by mail go only to an address that was confirmed.`,
    },
    { button: { text: 'Yes, it is mine', url } },
    { small: 'If you made no account, do nothing: nothing more will come.' },
  ]);

export const newAddressLetter = ({ name, url }: { name: string; url: string }): Letter =>
  letter('Is this your new address?', [
    { p: `${oneLine(name)}, from now on you sign in with this address, once you say that it is yours.` },
    { button: { text: 'Yes, it is mine', url } },
    { small: 'If you asked for nothing, do nothing: everything stays as it is.' },
  ]);

export const movedLetter = ({ name, email }: { name: string; email: string }): Letter =>
  letter('Your address was changed', [
    {
      p: `${oneLine(name)}, your account is now signed in to with ${oneLine(email)}, and no longer with this address.`,
    },
    { small: 'If that was not you, tell whoever runs your TaskMaster at once: they can give you the account back.' },
  ]);

export const resetLetter = ({ name, url }: { name: string; url: string }): Letter =>
  letter('A new password', [
    { p: `${oneLine(name)}, somebody asked for a new password for your account. The link works once, for an hour.` },
    { button: { text: 'Choose a new password', url } },
    { small: 'If it was not you, do nothing: your password stays as it is.' },
  ]);

const oneLine = (text: string): string => text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();

function letter(subject: string, parts: readonly Part[]): Letter {
  return {
    subject: oneLine(subject).slice(0, 200),
    text: `${parts.map(asText).join('\n\n')}\n`,
    html: `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>${escaped(subject)}</title></head>
<body style="margin:0;padding:24px;background:#edf1ed;font:16px/1.5 system-ui,sans-serif;color:#15231c">
<div style="max-width:32em;margin:0 auto;padding:24px;background:#ffffff;border-radius:12px">
${parts.map(asHtml).join('\n')}
</div></body></html>`,
  };
}

function asText({ p, strong, list, button, small }: Part): string {
  if (list) return list.map((item) => `* ${item}`).join('\n');
  if (button) return `${button.text}: ${button.url}`;
  return oneLine(p ?? strong ?? small ?? '');
}

function asHtml({ p, strong, list, button, small }: Part): string {
  if (strong) return `<p style="margin:0 0 12px;font-size:20px;font-weight:600">${escaped(strong)}</p>`;
  if (list)
    return `<ul style="margin:0 0 16px;padding-left:1.2em">${list.map((item) => `<li>${escaped(item)}</li>`).join('')}</ul>`;
  if (button)
    return `<p style="margin:20px 0"><a href="${escaped(button.url)}" style="display:inline-block;padding:10px 18px;border-radius:8px;background:#0b6b4f;color:#ffffff;text-decoration:none;font-weight:600">${escaped(button.text)}</a></p>`;
  if (small) return `<p style="margin:24px 0 0;font-size:13px;color:#5b6b62">${linked(escaped(small))}</p>`;
  return `<p style="margin:0 0 12px">${escaped(p ?? '')}</p>`;
}

const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

/** Addresses in our own sentences; they are escaped already. */
const linked = (html: string): string =>
  html.replace(/https?:\/\/\S+/, (url) => `<a href="${url}" style="color:#0b6b4f">${url}</a>`);
