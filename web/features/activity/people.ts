import type { AuditEntry } from '@taskmaster/contracts/audit/entry';
import { useEffect, useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { ask } from '../../sync/transport.ts';

const nobody: ReadonlyMap<string, string> = new Map();

/** Who there is, by id: oneself, and for an administrator all of whom the log tells that they came or changed their name. */
export function usePeople(isAdmin: boolean): ReadonlyMap<string, string> {
  const { person } = useScreen();
  const [others, setOthers] = useState(nobody);
  useEffect(() => {
    if (!isAdmin) return;
    let isGone = false;
    const read = async (type: string): Promise<AuditEntry[]> =>
      (await (await ask(`/api/audit-logs?event_type=${type}&limit=200`)).json()).items;
    Promise.all([read('com.todo.user.updated'), read('com.todo.user.created')]).then(
      (found) => {
        const names = new Map<string, string>();
        for (const { resource_id, payload } of found.flat()) {
          const name = (payload as { after?: { name?: string } } | null)?.after?.name;
          if (name && !names.has(resource_id)) names.set(resource_id, name);
        }
        if (!isGone) setOthers(names);
      },
      () => undefined,
    );
    return () => {
      isGone = true;
    };
  }, [isAdmin]);
  return new Map([...others, [person.user_id, person.name]]);
}
