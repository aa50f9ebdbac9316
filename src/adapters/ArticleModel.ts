import type { AiConversation, AiModel, AiReply } from './AiModel.js';

export interface Article {
  title: string;
  body: string;
}

/** The article that best answers a question, if one does. */
export type ArticleSearch = (question: string) => Promise<Article | null>;

const asksForPerson =
  /\b(human|person|somebody|someone|agent|representative|mensch|mitarbeiter|humano|persona|agente|humain|conseiller|atendente)\b/i;
const tooShortToMean = 3;

/**
 * Answers from the workspace's help articles, without any model: the best article, or a person. It asks a customer who
 * has hardly said anything to say more, once.
 */
export class ArticleModel implements AiModel {
  constructor(private readonly search: ArticleSearch) {}

  async reply({ unanswered, before, humanSpoke }: AiConversation): Promise<AiReply> {
    const question = unanswered.join('\n');
    if (asksForPerson.test(question)) {
      return { askForHuman: 'The customer asked for a person.', say: 'I am getting a colleague for you.' };
    }
    const article = await this.search(question);
    if (article) return { say: `${article.title}\n\n${article.body}\n\nDoes this answer your question?` };
    const isFirstWord = !humanSpoke && before.every(({ by }) => by === 'customer');
    if (isFirstWord && question.split(/\s+/).length <= tooShortToMean) {
      return { say: 'Hello! What can I help you with? Describe it in a sentence or two.' };
    }
    return {
      askForHuman: 'No help article answers this.',
      say: 'I do not know the answer, so I am getting a colleague for you.',
    };
  }
}
