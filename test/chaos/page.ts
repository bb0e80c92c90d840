import { randomUUID } from 'node:crypto';
import type { ChangesAnswer } from '@taskmaster/contracts/sync/changes';
import type { PushAnswer } from '@taskmaster/contracts/sync/ops';
import { Device, type PendingOp, wireOp } from '../../web/sync/device.ts';
import { readSnapshot } from '../../web/sync/transport.ts';
import { type Answer, type Person, send } from './person.ts';

/** The page's own device, without a page: what it shows, what it has not sent yet, and a server that it meets when told to. */
export class Page {
  readonly device: Device;
  /** Every edit that was made here. */
  readonly ops: string[] = [];
  private readonly client_id = randomUUID();
  private next = 1;

  constructor(
    private readonly person: Person,
    /** The version of the protocol that it was built for. */
    private readonly schema = 1,
  ) {
    this.device = new Device(person.workspace);
  }

  /** Makes a task on the device. */
  make(title: string): void {
    const op: PendingOp = {
      op: randomUUID(),
      n: this.next++,
      at: new Date().toISOString(),
      kind: 'create',
      entity: 'task',
      id: randomUUID(),
      patch: { title },
    };
    this.ops.push(op.op);
    this.device.add([op]);
  }

  /** Pulls, pushes what is not there yet, pulls again. @returns the answer to its last push, if there was one */
  async meet(url: string): Promise<Answer | undefined> {
    await this.pull(url);
    let answer: Answer | undefined;
    for (let ops = this.device.unsent(); ops.length > 0; ops = this.device.unsent()) {
      const body = { client_id: this.client_id, schema: this.schema, ops: ops.slice(0, 50).map(wireOp) };
      answer = await send(url, this.person, { method: 'POST', path: `${this.base}/ops`, body });
      if (answer.status !== 200) return answer;
      const { results, head } = JSON.parse(answer.text) as PushAnswer;
      const { renumber } = this.device.verdicts(results, head);
      if (renumber) this.renumber(renumber);
      await this.pull(url);
    }
    return answer;
  }

  private get base(): string {
    return `/api/workspaces/${this.person.workspace}`;
  }

  private async pull(url: string): Promise<void> {
    const get = (path: string) => send(url, this.person, { method: 'GET', path: this.base + path });
    const mine = `client_id=${this.client_id}&from_n=1`;
    for (;;) {
      const { cursor } = this.device;
      const at = cursor && `since=${cursor.seq}&epoch=${cursor.epoch}${cursor.op ? `&op=${cursor.op}` : ''}`;
      const answer = at ? await get(`/changes?${at}&limit=1000&${mine}`) : undefined;
      if (answer?.status === 200) {
        const changes = JSON.parse(answer.text) as ChangesAnswer;
        this.device.receive(changes);
        this.device.learn(changes.mine.filter((one) => one.seq <= changes.to || one.status === 'rejected'));
        if (changes.to >= changes.head) break;
      } else this.device.restart(readSnapshot((await get(`/snapshot?${mine}`)).text));
    }
    this.device.forget(this.device.settled().map((one) => one.op));
  }

  private renumber({ op, expect }: { op: string; expect: number }): void {
    const open = this.device.unsent();
    const from = Math.max(
      0,
      open.findIndex((one) => one.op === op),
    );
    const moved = open.slice(from).map((one, index) => ({ ...one, n: expect + index }));
    this.next = expect + moved.length;
    this.device.add(moved);
  }
}
