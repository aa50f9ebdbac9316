import { print, type TypedQueryDocumentNode as TypedDocumentNode } from 'graphql';
import { type Client, createClient } from 'graphql-ws';
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { hear, search } from './canaries.js';
import { EventQueue } from './EventQueue.js';

export interface Answer<Data> {
  status: number;
  data: Data | null;
  errors: { message: string; path?: (string | number)[]; extensions: { code: string; [name: string]: unknown } }[];
}

type Document<Data, Variables> = TypedDocumentNode<Data, Variables> | string;

/** Somebody with a token, who speaks to the server as a frontend would: HTTP, and one socket. */
export class Person {
  private socket: Client | null = null;

  constructor(
    private readonly url: string,
    readonly id: string,
    readonly name: string,
    readonly token: string | null,
  ) {}

  /** The same person at another node. */
  at(url: string): Person {
    return new Person(url, this.id, this.name, this.token);
  }

  /** Data of an operation that must have none but domain refusals. */
  async ask<Data = any, Variables = any>(document: Document<Data, Variables>, variables?: Variables): Promise<Data> {
    const answer = await this.attempt(document, variables);
    expect(answer.errors, `${this.name}: ${JSON.stringify(answer.errors)}`).toEqual([]);
    return answer.data!;
  }

  /** The whole answer, whatever it is. */
  async attempt<Data = any, Variables = any>(
    document: Document<Data, Variables>,
    variables?: Variables,
  ): Promise<Answer<Data>> {
    const { status, text } = await this.raw(document, variables);
    const { data = null, errors = [] } = JSON.parse(text);
    return { status, data, errors };
  }

  /** The bytes of an answer. */
  async raw(document: Document<unknown, any>, variables?: unknown): Promise<{ status: number; text: string }> {
    const query = typeof document === 'string' ? document : print(document);
    hear(this.token, query, variables);
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(this.token && { authorization: `Bearer ${this.token}` }) },
      body: JSON.stringify({ query, variables }),
    });
    const text = await response.text();
    search(this.token, this.name, JSON.stringify([...response.headers]) + text);
    return { status: response.status, text };
  }

  /** A stream, with its events queued from the first on. */
  follow<Data = any, Variables = any>(
    document: Document<Data, Variables>,
    variables?: Variables,
  ): EventQueue<{ data?: Data | null; errors?: readonly { message: string; extensions?: { code?: string } }[] }> {
    this.socket ??= createClient({
      url: `${this.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      lazy: true,
      lazyCloseTimeout: 5000,
      retryAttempts: 0,
      connectionParams: this.token ? { authorization: `Bearer ${this.token}` } : {},
    });
    const query = typeof document === 'string' ? document : print(document);
    const queue = new EventQueue<any>(() => stop());
    const searched = (event: unknown) => search(this.token, this.name, JSON.stringify(event));
    const stop = this.socket.subscribe(
      { query, variables: variables as Record<string, unknown> },
      {
        next: (event) => {
          searched(event);
          queue.push(event);
        },
        error: (error) => {
          searched(error);
          queue.end(error);
        },
        complete: () => queue.end(null),
      },
    );
    return queue;
  }

  async leave(): Promise<void> {
    await this.socket?.dispose();
    this.socket = null;
  }
}
