import '@fontsource/fira-code/400.css';
import '@fontsource/roboto/400.css';
import '@fontsource/roboto/500.css';
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import 'graphiql/graphiql.css';
import 'graphiql/setup-workers/vite';
import './style.css';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { createPortal } from 'react-dom';
import { createRoot } from 'react-dom/client';
import { examplesPlugin } from './ExamplesPlugin.js';
import { examples } from './examples.js';
import { FollowSession } from './FollowSession.js';
import { fetcher } from './fetcher.js';
import { linkedTab } from './linkedTab.js';
import { PeopleMenu } from './PeopleMenu.js';
import { session } from './session.js';

const plugins = [examplesPlugin, HISTORY_PLUGIN];
const exampleTabs = examples.map(({ query, variables }) => ({ query, variables }));

await session.open();
createRoot(element('graphiql')).render(
  <GraphiQL
    fetcher={fetcher}
    plugins={plugins}
    visiblePlugin={examplesPlugin.title}
    defaultTabs={linkedTab ? [linkedTab, ...exampleTabs] : exampleTabs}
    {...(linkedTab && { initialQuery: linkedTab.query, initialVariables: linkedTab.variables })}
    defaultEditorToolsVisibility="variables"
    // A header would not reach the socket: who one is, is said in one place, the bar.
    isHeadersEditorEnabled={false}
    showPersistHeadersSettings={false}
  >
    <GraphiQL.Logo> </GraphiQL.Logo>
    <FollowSession />
    {createPortal(<PeopleMenu />, element('bar'))}
  </GraphiQL>,
);

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no #${id}`);
  return found;
}
