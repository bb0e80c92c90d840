export interface WrongField {
  path: string;
  message: string;
}

/** One @ with something before it, and a name with a dot behind it: what every address that mail reaches has. */
const ADDRESS = /^[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+$/u;
const SHORTEST_PASSWORD = 10;

/** What is missing before the server need be asked, in the order of the form. */
export function wrongFields(
  { name, email, password }: { name: string; email: string; password: string },
  isNew: boolean,
): WrongField[] {
  const wrong: WrongField[] = [];
  if (isNew && name.trim() === '') wrong.push({ path: 'name', message: 'What shall we call you?' });
  if (!ADDRESS.test(email.trim()))
    wrong.push({
      path: 'email',
      message:
        email.trim() === '' ? 'Your e-mail address belongs here.' : 'Not an e-mail address, as in name@example.org.',
    });
  if (password === '') wrong.push({ path: 'password', message: 'Your password belongs here.' });
  else if (isNew && password.length < SHORTEST_PASSWORD)
    wrong.push({ path: 'password', message: `At least ${SHORTEST_PASSWORD} characters; this has ${password.length}.` });
  return wrong;
}
