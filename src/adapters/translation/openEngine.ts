import { Apertium } from './Apertium.js';
import { ChatModel } from './ChatModel.js';
import { DeepL } from './DeepL.js';
import { type Guard, GuardedEngine } from './GuardedEngine.js';
import { isOwnNetwork } from './isOwnNetwork.js';
import { LibreTranslate } from './LibreTranslate.js';
import type { TranslationEngine } from './TranslationEngine.js';

export interface EngineSettings {
  engine: 'libretranslate' | 'apertium' | 'deepl' | 'openai';
  url: string;
  key?: string | undefined;
  /** of `openai` */
  model?: string | undefined;
}

/** The engine that is configured, behind its guard. */
export function openEngine(settings: EngineSettings, guard: Omit<Guard, 'isLocal'>): GuardedEngine {
  return new GuardedEngine(engineOf(settings), { ...guard, isLocal: isOwnNetwork(settings.url) });
}

function engineOf({ engine, url, key, model }: EngineSettings): TranslationEngine {
  switch (engine) {
    case 'libretranslate':
      return new LibreTranslate(url, key);
    case 'apertium':
      return new Apertium(url);
    case 'deepl':
      return new DeepL(url, key!);
    case 'openai':
      return new ChatModel(url, model!, key);
  }
}
