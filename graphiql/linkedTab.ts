import { examples } from './examples.js';

const id = new URLSearchParams(window.location.search).get('conversation');
const query = examples.find(({ name }) => name === 'Conversation')?.query;

/** The tab that a conversation's link opens; null when the page was not opened by one. It has a name of its own, so that
 * the id in it stays as it is whoever speaks: examples fill in what the person can see. */
export const linkedTab =
  id && query
    ? {
        query: query.replace('query Conversation(', 'query LinkedConversation('),
        variables: JSON.stringify({ conversationId: id }, null, 2),
      }
    : null;
