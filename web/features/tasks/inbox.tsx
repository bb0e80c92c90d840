import { Empty } from '../../ui/empty.tsx';
import { PlaceList } from './place-list.tsx';
import { AddButton } from './today.tsx';

export const Inbox = () => (
  <PlaceList
    projectId={null}
    title={<h1 className="title">Inbox</h1>}
    empty={
      <Empty
        title="The inbox is empty"
        picture={
          <span className="empty-line">
            Call Ann{' '}
            <span className="token" data-kind="due">
              fri 15:00
            </span>{' '}
            <span className="token" data-kind="project" data-color="rust">
              #Kitchen
            </span>{' '}
            <span className="token" data-kind="priority" data-value="high">
              p1
            </span>
          </span>
        }
        action={<AddButton />}
      >
        Press <kbd>Q</kbd> anywhere and write as you speak. Dates, projects and priority are read from the line; click
        one to turn it back into words.
      </Empty>
    }
  />
);
