import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useRef } from 'react';
import { examples } from './examples.js';
import { fillVariables } from './fillVariables.js';
import { useSession } from './useSession.js';

/** Keeps GraphiQL in step with who is speaking (the schema, the ids in the tab's variables) and with its tabs. */
export function FollowSession() {
  const { token } = useSession();
  useSchema(token);
  useFilledVariables(token);
  useVisibleTab();
  useWrappedLines();
  return null;
}

/** A server that shows its schema to nobody without a token shows it to the one who has come. */
function useSchema(token: string | null) {
  const missing = useGraphiQL((state) => !state.schema && !state.isIntrospecting && state.fetchError !== null);
  const { introspect } = useGraphiQLActions();
  const tried = useRef(token);
  useEffect(() => {
    if (!missing || tried.current === token) return;
    tried.current = token;
    void introspect();
  }, [missing, token, introspect]);
}

/** Each tab's empty ids are filled in, and again for each person; not at each key stroke. */
function useFilledVariables(token: string | null) {
  const tab = useGraphiQL((state) => state.tabs[state.activeTabIndex]);
  const editor = useGraphiQL((state) => state.variableEditor);
  const example = examples.find((it) => it.name === tab?.operationName);
  const tabId = tab?.id;
  useEffect(() => {
    if (!editor || !example || !tabId || !token) return;
    const before = editor.getValue();
    let current = true;
    const fill = async () => {
      const filled = await fillVariables(example, JSON.parse(before || '{}'));
      if (filled && current && editor.getValue() === before) editor.setValue(JSON.stringify(filled, null, 2));
    };
    // What cannot be found, or is not JSON, is the reader's to write.
    fill().catch(() => undefined);
    return () => {
      current = false;
    };
  }, [editor, example, tabId, token]);
}

/** There are more tabs than fit: the active one is scrolled into view. */
function useVisibleTab() {
  const active = useGraphiQL((state) => state.activeTabIndex);
  useEffect(() => {
    document.getElementById(`graphiql-session-tab-${active}`)?.parentElement?.scrollIntoView({ inline: 'nearest' });
  }, [active]);
}

/** Beside the pane of examples the editor is narrow. */
function useWrappedLines() {
  const editor = useGraphiQL((state) => state.queryEditor);
  useEffect(() => editor?.updateOptions({ wordWrap: 'on' }), [editor]);
}
