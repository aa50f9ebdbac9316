import { type GraphiQLPlugin, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { type Example, examples, suits } from './examples.js';
import { useSession } from './useSession.js';

/** GraphiQL's pane that lists the example operations by topic and opens them in their tabs. */
export const examplesPlugin: GraphiQLPlugin = { title: 'Examples', icon: ExamplesIcon, content: Examples };

function Examples() {
  const { identity } = useSession();
  const open = useOpenExample();
  const active = useGraphiQL((state) => state.tabs[state.activeTabIndex]?.operationName);
  return (
    <section className="examples" aria-label="Examples">
      <h2>Examples</h2>
      <p>One for each thing that can be done. Those that the person you are now would not run are paler.</p>
      {[...Map.groupBy(examples, (example) => example.topic)].map(([topic, ofTopic]) => (
        <div key={topic}>
          <h3>{topic}</h3>
          <ul>
            {ofTopic.map((example) => (
              <li key={example.name}>
                <button
                  type="button"
                  aria-current={example.name === active}
                  data-suits={suits(example, identity)}
                  onClick={() => open(example)}
                >
                  <span className="name" data-kind={example.operation.operation}>
                    {example.name}
                  </span>
                  <span className="as">{example.as}</span>
                  <span className="description">{example.description}</span>
                </button>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </section>
  );
}

/** Goes to the example's tab; opens a fresh one when it was closed or edited. */
function useOpenExample() {
  const { tabs, queryEditor, variableEditor } = useGraphiQL(({ tabs, queryEditor, variableEditor }) => ({
    tabs,
    queryEditor,
    variableEditor,
  }));
  const { addTab, changeTab, setOperationFacts } = useGraphiQLActions();
  return ({ name, query, variables, document, operation }: Example) => {
    const index = tabs.findIndex((tab) => tab.query === query);
    if (index >= 0) changeTab(index);
    else {
      addTab();
      queryEditor?.setValue(query);
      variableEditor?.setValue(variables);
    }
    // GraphiQL would find out a moment later; who runs it at once would send the former tab's operation name.
    setOperationFacts({ documentAST: document, operationName: name, operations: [operation] });
  };
}

function ExamplesIcon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M4 5.5h2M4 12h2M4 18.5h2M10 5.5h10M10 12h10M10 18.5h10" strokeLinecap="round" />
    </svg>
  );
}
