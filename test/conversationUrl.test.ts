import { describe, expect, test } from 'vitest';
import { conversationForms, conversationIdIn, conversationUrl, ticketUrl } from '../src/conversationUrl.js';

const id = 'conv_01kc5hz3xee9hs3fwzq8j9zxv1';
const listening = 'http://127.0.0.1:4000';
const own = conversationForms({}, listening);
const idIn = (url: string, forms: readonly string[]) => conversationIdIn(new URL(url), forms);

describe('the link that is given out', () => {
  test.each([
    ['leads to where this node listens', {}, `${listening}/conversations/${id}`],
    ['leads to the public address', { PUBLIC_URL: 'https://chat.test/' }, `https://chat.test/conversations/${id}`],
    [
      'has the configured form',
      { PUBLIC_URL: 'https://chat.test', CONVERSATION_URL: 'https://crm.test/?c={id}&back={id}' },
      `https://crm.test/?c=${id}&back=${id}`,
    ],
  ])('%s', (_, config, expected) => {
    expect(conversationUrl(conversationForms(config, listening), id)).toBe(expected);
  });

  test('of a ticket is a place on that of its conversation', () => {
    expect(ticketUrl(own, id, 7)).toBe(`${listening}/conversations/${id}#ticket-7`);
  });
});

describe('a pasted link', () => {
  test.each([
    ['as it was given', `${listening}/conversations/${id}`],
    ['with a trailing slash', `${listening}/conversations/${id}/`],
    ['with a query and a fragment', `${listening}/conversations/${id}/?from=mail&conv=x#ticket-3`],
    ['with a host in capitals', `HTTP://127.0.0.1:4000/conversations/${id}`],
  ])('%s is found', (_, url) => {
    expect(idIn(url, own)).toBe(id);
  });

  test.each([
    ['of another host', `http://elsewhere.test/conversations/${id}`],
    ['of another port', `http://127.0.0.1:4001/conversations/${id}`],
    ['of another scheme', `https://127.0.0.1:4000/conversations/${id}`],
    ['with more behind it', `${listening}/conversations/${id}/tickets`],
    ['with something before it', `${listening}/x/conversations/${id}`],
    ['without an id', `${listening}/conversations/`],
    ['with what is no id', `${listening}/conversations/a%2Fb`],
    ['with the id in the query', `${listening}/conversations?id=${id}`],
    ['with our address in front of a host', `http://127.0.0.1:4000@elsewhere.test/conversations/${id}`],
  ])('%s is not', (_, url) => {
    expect(idIn(url, own)).toBeNull();
  });

  test.each([
    ['in the path', 'https://crm.test/inbox/{id}/chat', `https://CRM.test/inbox/${id}/chat/?tab=2`],
    ['in the path, beside other characters', 'https://crm.test/c-{id}.html', `https://crm.test/c-${id}.html`],
    ['in the query', 'https://crm.test/inbox?c={id}', `https://crm.test/inbox/?c=${id}#last`],
    ['in the fragment', 'https://crm.test/#/inbox/{id}', `https://crm.test/?v=2#/inbox/${id}`],
    ['twice', 'https://crm.test/{id}/of/{id}', `https://crm.test/${id}/of/${id}`],
    ['at a port that goes without saying', 'https://crm.test:443/{id}', `https://crm.test/${id}`],
  ])('of a form that has the id %s is found, and one of Parley’s own too', (_, form, url) => {
    const forms = conversationForms({ CONVERSATION_URL: form, PUBLIC_URL: 'https://chat.test' }, listening);
    expect(idIn(url, forms)).toBe(id);
    expect(idIn(conversationUrl(forms, id), forms)).toBe(id);
    expect(idIn(`https://chat.test/conversations/${id}`, forms)).toBe(id);
    expect(idIn(url.replace(id, ''), forms)).toBeNull();
  });

  test('with two ids where the form has one twice is of neither', () => {
    expect(idIn(`https://crm.test/${id}/of/other`, ['https://crm.test/{id}/of/{id}'])).toBeNull();
  });
});
