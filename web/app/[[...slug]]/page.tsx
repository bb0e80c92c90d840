import { App } from '../../features/shell/app.tsx';

/** One page for every address: the export has no server that could tell them apart, the page itself can. */
export const dynamicParams = false;
export const generateStaticParams = () => [{ slug: [] }];

export default function Page() {
  return <App />;
}
