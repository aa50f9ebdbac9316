import { ArgsType, type ClassType, Field, Int, ObjectType } from 'type-graphql';
import { PageInfo } from './Node.js';

@ArgsType()
export class ForwardArgs {
  @Field(() => Int, { nullable: true, description: 'How many edges from the start: 1 to 100. Default 20.' })
  first?: number;

  @Field(() => String, { nullable: true, description: 'Only edges after this cursor.' })
  after?: string;
}

@ArgsType()
export class ConnectionArgs {
  @Field(() => Int, { nullable: true, description: 'How many edges from the start: 1 to 100. Default 20.' })
  first?: number;

  @Field(() => String, { nullable: true, description: 'Only edges after this cursor.' })
  after?: string;

  @Field(() => Int, {
    nullable: true,
    description: 'How many edges from the end: 1 to 100. Not together with `first`.',
  })
  last?: number;

  @Field(() => String, { nullable: true, description: 'Only edges before this cursor.' })
  before?: string;
}

/** The edge type of a connection over `node`. */
export function edgeType(name: string, node: () => ClassType | object, what: string) {
  @ObjectType(`${name}Edge`, { description: `One of ${what}, and where it stands.` })
  class Edge {
    @Field({ description: 'Opaque. Give it as `after` or `before`, or to a stream to go on from here.' })
    cursor!: string;

    @Field(node as never, { description: `The one that stands here, of ${what}.` })
    node!: object;
  }
  return Edge;
}

/** What every connection over an edge type has. */
function pageType(edge: ClassType) {
  @ObjectType()
  abstract class Page {
    @Field(() => [edge], { description: 'The page, in the order of the list whichever way it was fetched.' })
    edges!: object[];

    @Field(() => PageInfo, { description: 'Where this page begins and ends, and whether there is more.' })
    pageInfo!: PageInfo;
  }
  return Page;
}

/** The connection type over an edge type: a page of `what`. */
export function connectionType(name: string, edge: ClassType, what: string) {
  @ObjectType(`${name}Connection`, { description: `A page of ${what}.` })
  class Connection extends pageType(edge) {}
  return Connection;
}

/** The same, which also tells how many there are in all. */
export function countedConnectionType(name: string, edge: ClassType, what: string) {
  @ObjectType(`${name}Connection`, { description: `A page of ${what}.` })
  class Connection extends pageType(edge) {
    @Field(() => Int, { description: 'How many there are in all, whatever the page.' })
    totalCount!: number;
  }
  return Connection;
}
